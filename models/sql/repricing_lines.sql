-- The lines of recalculations: the greatest change first.
SELECT repricing_id, provider, model, transactions, unpriced_transactions, cost_before, cost_after
FROM repricing_line
WHERE organization_id = $1 AND repricing_id = ANY ($2::uuid[])
ORDER BY abs(cost_after - cost_before) DESC, provider, model;
