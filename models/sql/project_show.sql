-- Projects by id.
SELECT id, organization_id, workspace_id, owner_id, name, created_at
FROM project
WHERE organization_id = $1 AND id = ANY($2::uuid[]);
