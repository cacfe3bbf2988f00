-- Notes a key's use, at most once a minute.
UPDATE api_key
SET last_used_at = now()
WHERE organization_id = $1
    AND id = $2
    AND coalesce(last_used_at < now() - interval '1 minute', true);
