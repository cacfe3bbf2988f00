-- What the live caps on some things say.
SELECT id, scope, target_id, period, action, unit, amount, unpriced_policy, assumed_input_price,
    assumed_output_price, allowance_of_id, counted_from
FROM cap
WHERE organization_id = $1 AND target_id = ANY ($2::uuid[]) AND removed_at IS NULL
ORDER BY id;
