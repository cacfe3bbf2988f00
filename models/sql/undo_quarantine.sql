-- What an import quarantined goes with it; without a digest the same rows may come again.
UPDATE quarantined_row
SET digest = NULL, resolution = 'DROPPED', resolved_at = coalesce(resolved_at, $3)
WHERE organization_id = $1 AND import_id = $2;
