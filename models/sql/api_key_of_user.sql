-- A person's working keys, held until the transaction ends.
SELECT id, secret_hash, role, workspace_id, project_id
FROM api_key
WHERE organization_id = $1 AND user_id = $2 AND revoked_at IS NULL
ORDER BY id
FOR NO KEY UPDATE;
