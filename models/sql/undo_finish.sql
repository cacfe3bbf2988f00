-- Marks an import as taken back.
UPDATE usage_import SET status = 'UNDONE', undone_at = $3
WHERE organization_id = $1 AND id = $2;
