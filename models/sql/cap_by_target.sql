-- The live cap on a thing, of a period and an action.
SELECT id, scope, target_id, period, action, unit, amount, unpriced_policy, assumed_input_price,
    assumed_output_price, allowance_of_id, counted_from
FROM cap
WHERE organization_id = $1 AND target_id = $2 AND scope = $3 AND period = $4 AND action = $5
    AND removed_at IS NULL;
