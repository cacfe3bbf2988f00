-- Workspaces by id.
SELECT id, organization_id, name, group_id
FROM workspace
WHERE organization_id = $1 AND id = ANY($2::uuid[]);
