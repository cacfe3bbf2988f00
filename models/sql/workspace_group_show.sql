-- Workspace groups by id.
SELECT id, organization_id, name
FROM workspace_group
WHERE organization_id = $1 AND id = ANY($2::uuid[]);
