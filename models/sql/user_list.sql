-- The organization's people by name, with their role at the organization itself.
SELECT u.id, u.name, u.email, m.role
FROM user_organization AS b
JOIN app_user AS u ON u.id = b.user_id
LEFT JOIN membership AS m
    ON m.organization_id = $1
    AND m.user_id = u.id
    AND m.workspace_id IS NULL
    AND m.project_id IS NULL
WHERE b.organization_id = $1
ORDER BY u.name, u.id;
