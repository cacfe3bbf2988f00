-- A recalculation that begins.
INSERT INTO repricing (organization_id, id, is_dry_run, after_id, status, only_unpriced, models,
    range_start, range_end, prices_at, is_compared, calls_to_see, touched_at, started_at)
VALUES ($1, $2, $3, $4, 'RUNNING', $5, $6, $7, $8, $9, $10, $11, now(), $12);
