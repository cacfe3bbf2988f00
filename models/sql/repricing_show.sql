-- Recalculations by id, in the order of Repricing.
SELECT organization_id, id, is_dry_run, status, range_start, range_end, calls_to_see, calls_seen,
    started_at, finished_at, failure
FROM repricing
WHERE organization_id = $1 AND id = ANY ($2::uuid[]);
