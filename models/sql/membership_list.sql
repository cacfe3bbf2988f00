-- Every role in the organization, by person, the organization's first.
SELECT m.user_id, u.email, u.name, m.role, w.name AS workspace_name, p.name AS project_name
FROM membership AS m
JOIN app_user AS u ON u.id = m.user_id
LEFT JOIN project AS p ON p.organization_id = $1 AND p.id = m.project_id
LEFT JOIN workspace AS w
    ON w.organization_id = $1 AND w.id = coalesce(m.workspace_id, p.workspace_id)
WHERE m.organization_id = $1
ORDER BY lower(u.email), w.name NULLS FIRST, p.name NULLS FIRST, m.id;
