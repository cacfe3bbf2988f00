-- API keys by id, without their secrets.
SELECT
    id, organization_id, name, prefix, role, user_id, workspace_id, project_id, created_at,
    expires_at, revoked_at, last_used_at
FROM api_key
WHERE organization_id = $1 AND id = ANY($2::uuid[]);
