-- The project of a name in a workspace.
SELECT id
FROM project
WHERE organization_id = $1 AND workspace_id = $2 AND name = $3;
