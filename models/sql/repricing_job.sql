-- A recalculation as its workers see it, in the order of Job.
SELECT organization_id, id, is_dry_run, after_id, status, only_unpriced, models, range_start,
    range_end, prices_at, is_compared, place_project_id, place_at, place_id
FROM repricing
WHERE organization_id = $1 AND id = $2;
