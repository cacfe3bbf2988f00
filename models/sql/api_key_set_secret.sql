-- Gives a key another secret.
UPDATE api_key
SET prefix = $3, secret_hash = $4
WHERE organization_id = $1 AND id = $2;
