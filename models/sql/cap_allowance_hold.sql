-- Holds what is left of an allowance ($2) under the cap that it comes from, or frees it (sign $3);
-- answers what stands there then.
WITH allowance AS (
    SELECT c.allowance_of_id, $3::integer * greatest(c.amount - coalesce(w.spent, 0), 0) AS rest
    FROM cap AS c
    LEFT JOIN cap_window AS w ON w.organization_id = $1 AND w.cap_id = c.id
        AND w.first_date = '1970-01-01'
    WHERE c.organization_id = $1 AND c.id = $2
)
UPDATE cap_window AS w
SET held = w.held + allowance.rest
FROM allowance
WHERE w.organization_id = $1 AND w.cap_id = allowance.allowance_of_id
    AND w.first_date = '1970-01-01'
RETURNING w.spent, w.held, allowance.rest;
