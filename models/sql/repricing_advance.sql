-- Notes how far a recalculation is: calls seen, and the place to go on from (none from the top).
UPDATE repricing
SET calls_seen = calls_seen + $3, is_compared = $4, place_project_id = $5, place_at = $6,
    place_id = $7
WHERE organization_id = $1 AND id = $2;
