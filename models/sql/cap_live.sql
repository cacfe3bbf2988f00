-- What every live cap of an organization says.
SELECT id, scope, target_id, period, action, unit, amount, unpriced_policy, assumed_input_price,
    assumed_output_price, allowance_of_id, counted_from
FROM cap
WHERE organization_id = $1 AND removed_at IS NULL
ORDER BY id;
