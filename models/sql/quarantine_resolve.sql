-- Decides upon rows that are undecided still.
UPDATE quarantined_row SET resolved_at = $4, resolution = $3
WHERE organization_id = $1 AND id = ANY ($2::uuid[]) AND resolved_at IS NULL
RETURNING id, import_id;
