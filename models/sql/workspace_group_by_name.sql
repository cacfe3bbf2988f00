-- The workspace group of a name.
SELECT id
FROM workspace_group
WHERE organization_id = $1 AND name = $2;
