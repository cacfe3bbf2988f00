-- Ends a recalculation: DONE, or FAILED with the reason.
UPDATE repricing
SET status = $3, failure = $4, finished_at = $5, calls_seen = calls_seen + $6
WHERE organization_id = $1 AND id = $2;
