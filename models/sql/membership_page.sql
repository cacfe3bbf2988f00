-- Memberships by the person's name, after a position.
SELECT
    membership.id, membership.organization_id, membership.user_id, membership.workspace_id,
    membership.project_id, membership.role, app_user.name
FROM membership
JOIN app_user ON app_user.id = membership.user_id
WHERE membership.organization_id = $1 AND (app_user.name, membership.id) > ($2::text, $3::uuid)
ORDER BY app_user.name, membership.id
LIMIT $4;
