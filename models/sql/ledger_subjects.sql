-- Which projects (with their workspaces), keys and people of a batch the organization has.
SELECT 'project' AS kind, p.id, p.workspace_id
FROM project AS p
WHERE p.organization_id = $1 AND p.id = ANY ($2::uuid[])
UNION ALL
SELECT 'api_key', k.id, NULL
FROM api_key AS k
WHERE k.organization_id = $1 AND k.id = ANY ($3::uuid[])
UNION ALL
SELECT 'user', m.user_id, NULL
FROM user_organization AS m
WHERE m.organization_id = $1 AND m.user_id = ANY ($4::uuid[]);
