-- Workspaces by name, after a position: those of $2, or all when NULL.
SELECT id, organization_id, name, group_id
FROM workspace
WHERE organization_id = $1
    AND ($2::uuid[] IS NULL OR id = ANY($2))
    AND (name, id) > ($3::text, $4::uuid)
ORDER BY name, id
LIMIT $5;
