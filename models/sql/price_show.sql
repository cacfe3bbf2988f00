-- Prices by id, public or the organization's own, in the order of Price.
SELECT $1::uuid AS organization_id, one.id, '' AS key, one.is_own, one.provider, one.model,
    one.token_class, one.dollars_per_million, one.min_input_tokens, one.service_tier,
    one.starts_at,
    CASE WHEN one.is_own THEN (
        SELECT min(later.starts_at)
        FROM price AS later
        WHERE later.organization_id = $1 AND later.provider = one.provider
            AND lower(later.model) = lower(one.model) AND later.token_class = one.token_class
            AND lower(later.service_tier) = lower(one.service_tier)
            AND (later.daily_from IS NULL) = (one.daily_from IS NULL)
            AND (later.starts_at, later.adopted_at) > (one.starts_at, one.adopted_at)
    ) ELSE (
        SELECT min(later.starts_at)
        FROM public_price AS later
        WHERE later.provider = one.provider AND later.model = one.model
            AND later.token_class = one.token_class AND later.service_tier = one.service_tier
            AND (later.daily_from IS NULL) = (one.daily_from IS NULL)
            AND later.adopted_at = one.adopted_at AND later.starts_at > one.starts_at
    ) END AS ends_at,
    one.daily_from, one.daily_until, one.source
FROM (
    SELECT false AS is_own, id, provider, model, token_class, dollars_per_million,
        min_input_tokens, service_tier, starts_at, daily_from, daily_until, adopted_at, source
    FROM public_price
    WHERE id = ANY ($2::uuid[])
    UNION ALL
    SELECT true, id, provider, model, token_class, dollars_per_million, min_input_tokens,
        service_tier, starts_at, daily_from, daily_until, adopted_at, source
    FROM price
    WHERE organization_id = $1 AND id = ANY ($2::uuid[])
) AS one
