-- Keys by name: all of the organization, or those of workspace $2 and of its projects.
SELECT k.id, k.name, k.prefix, k.role, k.workspace_id, k.project_id, k.user_id,
    w.name AS workspace_name, p.name AS project_name, u.email AS user_email,
    k.created_at, k.expires_at, k.revoked_at, k.last_used_at
FROM api_key AS k
LEFT JOIN project AS p ON p.organization_id = $1 AND p.id = k.project_id
LEFT JOIN workspace AS w
    ON w.organization_id = $1 AND w.id = coalesce(k.workspace_id, p.workspace_id)
LEFT JOIN app_user AS u ON u.id = k.user_id
WHERE k.organization_id = $1 AND ($2::uuid IS NULL OR k.workspace_id = $2 OR p.workspace_id = $2)
ORDER BY k.name, k.id;
