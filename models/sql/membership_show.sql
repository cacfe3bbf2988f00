-- One membership with the person's name.
SELECT
    membership.id, membership.organization_id, membership.user_id, membership.workspace_id,
    membership.project_id, membership.role, app_user.name
FROM membership
JOIN app_user ON app_user.id = membership.user_id
WHERE membership.organization_id = $1 AND membership.id = $2;
