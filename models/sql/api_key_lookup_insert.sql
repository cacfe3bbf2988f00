-- From now on the hash opens the key.
INSERT INTO api_key_lookup (secret_hash, organization_id, api_key_id)
VALUES ($1, $2, $3);
