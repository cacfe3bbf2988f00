-- Projects in reach ($2; NULL for all) by name, with the names around them.
SELECT p.id, p.name, w.name AS workspace_name, u.email AS owner_email, p.created_at
FROM project AS p
JOIN workspace AS w ON w.organization_id = $1 AND w.id = p.workspace_id
LEFT JOIN app_user AS u ON u.id = p.owner_id
WHERE p.organization_id = $1 AND ($2::uuid[] IS NULL OR p.id = ANY ($2))
ORDER BY p.name, w.name, p.id;
