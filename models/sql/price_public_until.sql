-- The public list as it was known at an instant, in the order of PriceRow.
SELECT provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
    starts_at, daily_from, daily_until, adopted_at, source
FROM public_price
JOIN (
    SELECT provider, model, max(adopted_at) AS adopted_at
    FROM public_price
    WHERE adopted_at <= $1
    GROUP BY provider, model
) AS latest USING (provider, model, adopted_at)
