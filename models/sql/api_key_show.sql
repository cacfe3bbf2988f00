-- API keys by id, without their secrets.
SELECT id, organization_id, name, prefix, created_at, revoked_at, last_used_at
FROM api_key
WHERE organization_id = $1 AND id = ANY($2::uuid[]);
