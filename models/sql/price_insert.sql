-- Appends prices of an organization's own, adopted after all that was adopted before and after
-- every recalculation that has begun, whatever the clocks say: what it goes by stays as it was.
INSERT INTO price (organization_id, id, provider, model, token_class, dollars_per_million,
    min_input_tokens, service_tier, starts_at, adopted_at, source, created_by)
SELECT $1, n.id, $2, $3, n.token_class, n.dollars, n.min_input_tokens, n.service_tier, $4,
    greatest($5::timestamptz,
        (SELECT max(p.adopted_at) + interval '1 microsecond' FROM price AS p
            WHERE p.organization_id = $1),
        (SELECT max(r.prices_at) + interval '1 microsecond' FROM repricing AS r
            WHERE r.organization_id = $1)),
    'organization', $6
FROM unnest($7::uuid[], $8::text[], $9::numeric[], $10::bigint[], $11::text[])
    AS n (id, token_class, dollars, min_input_tokens, service_tier)
