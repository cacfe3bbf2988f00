-- A new key; its secret is known to its holder alone.
INSERT INTO api_key (organization_id, id, name, prefix, secret_hash, role, user_id, workspace_id,
    project_id, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now());
