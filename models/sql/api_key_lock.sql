-- One key, held until the transaction ends.
SELECT id, name, prefix, secret_hash, role, user_id, workspace_id, project_id, revoked_at
FROM api_key
WHERE organization_id = $1 AND id = $2
FOR NO KEY UPDATE;
