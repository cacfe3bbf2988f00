-- Appends the offered lists of models whose latest adopted list is missing or differs in any row;
-- answers how many rows. Models that are no longer offered keep their list: past calls need it.
-- $1..$10 the rows as columns, $11 now, $12 the source.
WITH offered AS (
    SELECT *
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::bigint[],
        $7::text[], $8::timestamptz[], $9::time[], $10::time[])
        AS row (id, provider, model, token_class, dollars_per_million, min_input_tokens,
            service_tier, starts_at, daily_from, daily_until)
),
present AS (
    SELECT provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
        starts_at, daily_from, daily_until
    FROM public_price
    JOIN (
        SELECT provider, model, max(adopted_at) AS adopted_at
        FROM public_price
        WHERE (provider, model) IN (SELECT provider, model FROM offered)
        GROUP BY provider, model
    ) AS latest USING (provider, model, adopted_at)
),
offered_content AS (
    SELECT provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
        starts_at, daily_from, daily_until
    FROM offered
),
changed AS (
    SELECT provider, model FROM (TABLE offered_content EXCEPT TABLE present) AS added
    UNION
    SELECT provider, model FROM (TABLE present EXCEPT TABLE offered_content) AS removed
),
appended AS (
    INSERT INTO public_price (id, provider, model, token_class, dollars_per_million,
        min_input_tokens, service_tier, starts_at, daily_from, daily_until, adopted_at, source)
    SELECT id, provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
        starts_at, daily_from, daily_until,
        -- After every earlier adoption, whatever the clock of the server that made it.
        greatest($11::timestamptz,
            (SELECT max(adopted_at) + interval '1 microsecond' FROM public_price)),
        $12
    FROM offered
    WHERE (provider, model) IN (SELECT provider, model FROM changed)
    RETURNING 1
)
SELECT count(*) FROM appended
