-- Holds a recalculation for one step of its worker: a sign of life. Nothing when another took it.
UPDATE repricing
SET touched_at = now()
WHERE organization_id = $1 AND id = $2 AND status = 'RUNNING' AND worker = $3
RETURNING organization_id, id, is_dry_run, after_id, status, only_unpriced, models, range_start,
    range_end, prices_at, is_compared, place_project_id, place_at, place_id;
