-- What a live cap says.
SELECT id, scope, target_id, period, action, unit, amount, unpriced_policy, assumed_input_price,
    assumed_output_price, allowance_of_id, counted_from
FROM cap
WHERE organization_id = $1 AND id = $2 AND removed_at IS NULL;
