-- Takes a recalculation that nobody has worked on for some seconds ($4); a comparison begins anew.
UPDATE repricing
SET worker = $3, touched_at = now(),
    calls_seen = CASE WHEN is_compared THEN calls_seen ELSE 0 END
WHERE organization_id = $1 AND id = $2 AND status = 'RUNNING'
    AND (worker IS NULL OR touched_at < now() - make_interval(secs => $4))
RETURNING organization_id, id, is_dry_run, after_id, status, only_unpriced, models, range_start,
    range_end, prices_at, is_compared, place_project_id, place_at, place_id;
