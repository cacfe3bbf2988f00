-- What reservations hold under an allowance ($2), or under one that was given out of it, is held
-- under the cap that it came from ($3) as well from now on, as far as it is not yet.
WITH RECURSIVE below (cap_id) AS (
    SELECT $2::uuid
    UNION
    SELECT c.id
    FROM below
    JOIN cap AS c ON c.organization_id = $1 AND c.allowance_of_id = below.cap_id
        AND c.removed_at IS NULL
),
moved AS (
    INSERT INTO reservation_cap (organization_id, reservation_id, cap_id, first_date, amount, held)
    SELECT DISTINCT ON (r.reservation_id)
        $1, r.reservation_id, $3, r.first_date, r.amount, r.held
    FROM below
    JOIN reservation_cap AS r ON r.organization_id = $1 AND r.cap_id = below.cap_id AND r.held > 0
    ORDER BY r.reservation_id, r.held DESC
    ON CONFLICT (organization_id, reservation_id, cap_id) DO NOTHING
    RETURNING held
)
UPDATE cap_window
SET held = held + (SELECT coalesce(sum(moved.held), 0) FROM moved)
WHERE organization_id = $1 AND cap_id = $3 AND first_date = '1970-01-01';
