-- Ends a key.
UPDATE api_key
SET revoked_at = now()
WHERE organization_id = $1 AND id = $2;
