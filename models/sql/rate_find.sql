-- Rates by id.
SELECT provider, model, service_tier, input, cache_read, cache_write_5m, cache_write_1h, output,
    reasoning, request
FROM rate
WHERE organization_id = $1 AND id = ANY ($2::uuid[]);
