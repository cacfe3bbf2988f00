-- Workspace groups by name, after a position.
SELECT id, organization_id, name
FROM workspace_group
WHERE organization_id = $1 AND (name, id) > ($2::text, $3::uuid)
ORDER BY name, id
LIMIT $4;
