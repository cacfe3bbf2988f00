-- Prices in force at an instant ($2), after a place, in the order of Price. Of each class and
-- service tier the latest list that has begun and whose daily hours are open holds, as in
-- price.py; an organization's own goes before the public one from its first tier on. Filters are
-- met when NULL: providers $3, models $4 (lower case). $5 are the classes in order, $6 and $7 the
-- place, $8 how many.
WITH public AS (
    SELECT p.*
    FROM public_price AS p
    JOIN (
        SELECT provider, model, max(adopted_at) AS adopted_at
        FROM public_price
        WHERE ($3::text[] IS NULL OR provider = ANY ($3))
            AND ($4::text[] IS NULL OR lower(model) = ANY ($4))
        GROUP BY provider, model
    ) AS latest USING (provider, model, adopted_at)
),
known AS (
    SELECT false AS is_own, id, provider, model, token_class, dollars_per_million,
        min_input_tokens, service_tier, starts_at, daily_from, daily_until, adopted_at, source
    FROM public
    UNION ALL
    SELECT true, id, provider, model, token_class, dollars_per_million, min_input_tokens,
        service_tier, starts_at, daily_from, daily_until, adopted_at, source
    FROM price
    WHERE organization_id = $1
        AND ($3::text[] IS NULL OR provider = ANY ($3))
        AND ($4::text[] IS NULL OR lower(model) = ANY ($4))
),
begun AS (
    SELECT known.*, (starts_at, adopted_at, daily_from) AS list,
        lower(model) AS name, lower(service_tier) AS tier
    FROM known
    WHERE token_class = ANY ($5::text[]) AND starts_at <= $2
        AND (daily_from IS NULL
            OR daily_from <= daily_until AND ($2 AT TIME ZONE 'UTC')::time >= daily_from
                AND ($2 AT TIME ZONE 'UTC')::time < daily_until
            OR daily_from > daily_until AND (($2 AT TIME ZONE 'UTC')::time >= daily_from
                OR ($2 AT TIME ZONE 'UTC')::time < daily_until))
),
ranked AS (
    SELECT *,
        rank() OVER (PARTITION BY provider, name, token_class, tier, is_own
            ORDER BY daily_from IS NOT NULL DESC, starts_at DESC, adopted_at DESC,
                daily_from DESC) AS place
    FROM begun
),
layered AS (
    SELECT *,
        min(min_input_tokens) FILTER (WHERE is_own)
            OVER (PARTITION BY provider, name, token_class, tier) AS own_from
    FROM ranked
    WHERE place = 1
),
named AS (
    SELECT *,
        concat_ws(chr(1), provider, name, array_position($5::text[], token_class), tier,
            lpad(min_input_tokens::text, 19, '0')) COLLATE "C" AS key
    FROM layered
    WHERE is_own OR own_from IS NULL OR min_input_tokens < own_from
)
SELECT $1::uuid AS organization_id, page.id, page.key, page.is_own, page.provider, page.model,
    page.token_class, page.dollars_per_million, page.min_input_tokens, page.service_tier,
    page.starts_at,
    (
        SELECT min(later.starts_at)
        FROM known AS later
        WHERE later.provider = page.provider AND lower(later.model) = page.name
            AND later.token_class = page.token_class AND lower(later.service_tier) = page.tier
            AND (later.daily_from IS NULL) = (page.daily_from IS NULL)
            AND (later.is_own OR NOT page.is_own)
            AND later.starts_at > $2
    ) AS ends_at,
    page.daily_from, page.daily_until, page.source
FROM (
    SELECT *
    FROM named
    WHERE (key, id) > ($6::text COLLATE "C", $7::uuid)
    ORDER BY key, id
    LIMIT $8
) AS page
ORDER BY page.key, page.id
