-- The prices that an organization had set at an instant, in the order of PriceRow.
SELECT provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
    starts_at, daily_from, daily_until, adopted_at, source
FROM price
WHERE organization_id = $1 AND adopted_at <= $2
