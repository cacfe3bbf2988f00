-- Adds to the lines of a recalculation.
INSERT INTO repricing_line (organization_id, repricing_id, provider, model, transactions,
    unpriced_transactions, cost_before, cost_after)
SELECT $1, $2, n.provider, n.model, n.transactions, n.unpriced, n.cost_before, n.cost_after
FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::numeric[], $8::numeric[])
    AS n (provider, model, transactions, unpriced, cost_before, cost_after)
ORDER BY n.provider, n.model
ON CONFLICT (organization_id, repricing_id, provider, model) DO UPDATE
SET transactions = repricing_line.transactions + EXCLUDED.transactions,
    unpriced_transactions
        = repricing_line.unpriced_transactions + EXCLUDED.unpriced_transactions,
    cost_before = repricing_line.cost_before + EXCLUDED.cost_before,
    cost_after = repricing_line.cost_after + EXCLUDED.cost_after;
