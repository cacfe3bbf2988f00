-- From now on the hash opens nothing.
DELETE FROM api_key_lookup
WHERE secret_hash = $1;
