-- How far a run of an importer has come; with the instant of its end it is done.
UPDATE usage_import
SET read_count = $3, recorded_count = $4, duplicate_count = $5, unpriced_count = $6,
    quarantined_count = $7, unreadable_count = $8, finished_at = $9::timestamptz,
    status = CASE WHEN $9::timestamptz IS NULL THEN status ELSE 'DONE' END
WHERE organization_id = $1 AND id = $2 AND status = 'RUNNING';
