-- Sets a cap on a thing.
INSERT INTO cap (organization_id, id, unit, amount, unpriced_policy, assumed_input_price,
    assumed_output_price, allowance_of_id, updated_by, scope, target_id, period, action,
    counted_from, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, now(), now());
