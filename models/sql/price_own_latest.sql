-- The prices of a model that were ever set for one start; of each class and service tier the latest
-- hold.
SELECT id, token_class, service_tier, min_input_tokens, dollars_per_million,
    adopted_at = max(adopted_at) OVER (PARTITION BY token_class, service_tier) AS is_latest
FROM price
WHERE organization_id = $1 AND provider = $2 AND lower(model) = lower($3) AND starts_at = $4
