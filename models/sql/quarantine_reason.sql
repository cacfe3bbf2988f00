-- Why a row is still not trusted after it was read again, and what was understood this time.
UPDATE quarantined_row SET reason = $3, understood = $4::jsonb
WHERE organization_id = $1 AND id = $2 AND resolved_at IS NULL;
