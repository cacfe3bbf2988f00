-- What reservations hold under an allowance ($2) is held under the cap that it came from ($3) as
-- well from now on, as far as it is not yet.
WITH moved AS (
    INSERT INTO reservation_cap (organization_id, reservation_id, cap_id, first_date, amount, held)
    SELECT $1, r.reservation_id, $3, r.first_date, r.amount, r.held
    FROM reservation_cap AS r
    WHERE r.organization_id = $1 AND r.cap_id = $2 AND r.held > 0
    ON CONFLICT (organization_id, reservation_id, cap_id) DO NOTHING
    RETURNING held
)
UPDATE cap_window
SET held = held + (SELECT coalesce(sum(moved.held), 0) FROM moved)
WHERE organization_id = $1 AND cap_id = $3 AND first_date = '1970-01-01';
