-- Every price known of some models (lower case): the organization's own, and of the public ones
-- the latest list. Providers are met when NULL.
SELECT is_own, provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
    starts_at, daily_from, daily_until, adopted_at, source
FROM (
    SELECT true AS is_own, p.*
    FROM (
        SELECT provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
            starts_at, daily_from, daily_until, adopted_at, source
        FROM price
        WHERE organization_id = $1
    ) AS p
    UNION ALL
    SELECT false, p.provider, p.model, token_class, dollars_per_million, min_input_tokens,
        service_tier, starts_at, daily_from, daily_until, p.adopted_at, source
    FROM public_price AS p
    JOIN (
        SELECT provider, model, max(adopted_at) AS adopted_at
        FROM public_price
        WHERE lower(model) = ANY ($2::text[])
        GROUP BY provider, model
    ) AS latest USING (provider, model, adopted_at)
) AS known
WHERE lower(model) = ANY ($2::text[]) AND ($3::text[] IS NULL OR provider = ANY ($3))
ORDER BY provider, is_own DESC, model, array_position($4::text[], token_class), service_tier,
    starts_at, adopted_at, daily_from, min_input_tokens
