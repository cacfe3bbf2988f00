-- All prices that an organization has set, in the order of PriceRow.
SELECT provider, model, token_class, dollars_per_million, min_input_tokens, service_tier,
    starts_at, daily_from, daily_until, adopted_at, source
FROM price
WHERE organization_id = $1
