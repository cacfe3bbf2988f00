-- The import to take back, held against a second undo.
SELECT status FROM usage_import WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE;
