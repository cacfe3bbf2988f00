-- Changes what a cap says.
UPDATE cap
SET unit = $3, amount = $4, unpriced_policy = $5, assumed_input_price = $6,
    assumed_output_price = $7, allowance_of_id = $8, updated_by = $9, updated_at = now()
WHERE organization_id = $1 AND id = $2;
