-- Rates that entries are about to refer to; equal ones of other writers are the same row.
INSERT INTO rate (organization_id, id, provider, model, service_tier, input, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, request, created_at)
SELECT $1, n.id, n.provider, n.model, n.service_tier, n.input, n.cache_read, n.cache_write_5m,
    n.cache_write_1h, n.output, n.reasoning, n.request, $2
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[],
    $9::numeric[], $10::numeric[], $11::numeric[], $12::numeric[], $13::numeric[])
    AS n (id, provider, model, service_tier, input, cache_read, cache_write_5m, cache_write_1h,
        output, reasoning, request)
ORDER BY n.id
ON CONFLICT (organization_id, id) DO NOTHING;
