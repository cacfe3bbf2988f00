-- Why a row is still not trusted after it was read again.
UPDATE quarantined_row SET reason = $3
WHERE organization_id = $1 AND id = $2 AND resolved_at IS NULL;
