-- What stands in every window of live caps.
SELECT w.cap_id, w.first_date, w.spent, w.held, w.unpriced
FROM cap_window AS w
JOIN cap AS c ON c.organization_id = $1 AND c.id = w.cap_id AND c.removed_at IS NULL
WHERE w.organization_id = $1;
