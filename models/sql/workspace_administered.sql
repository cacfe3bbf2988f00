-- Workspaces in reach ($2; NULL for all) by name, with their group's name.
SELECT w.id, w.name, g.name AS group_name, w.created_at
FROM workspace AS w
LEFT JOIN workspace_group AS g ON g.organization_id = $1 AND g.id = w.group_id
WHERE w.organization_id = $1 AND ($2::uuid[] IS NULL OR w.id = ANY ($2))
ORDER BY w.name, w.id;
