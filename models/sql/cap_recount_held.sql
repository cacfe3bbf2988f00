-- What is held under live caps, by window: by reservations, and by what is left of allowances.
SELECT h.cap_id, h.first_date, sum(h.held) AS held
FROM (
    SELECT r.cap_id, r.first_date, r.held
    FROM reservation_cap AS r
    WHERE r.organization_id = $1 AND r.held > 0
    UNION ALL
    SELECT c.allowance_of_id, '1970-01-01'::date, greatest(c.amount - coalesce(w.spent, 0), 0)
    FROM cap AS c
    LEFT JOIN cap_window AS w ON w.organization_id = $1 AND w.cap_id = c.id
        AND w.first_date = '1970-01-01'
    WHERE c.organization_id = $1 AND c.removed_at IS NULL AND c.allowance_of_id IS NOT NULL
) AS h
JOIN cap AS c ON c.organization_id = $1 AND c.id = h.cap_id AND c.removed_at IS NULL
GROUP BY h.cap_id, h.first_date;
