-- Entries that were posted without a price, between two instants, in the order of time after a
-- place.
SELECT t.id, t.event_key, t.model, t.occurred_at
FROM credit_transaction AS t
WHERE t.organization_id = $1
    AND t.occurred_at >= $2 AND t.occurred_at < $3
    AND (t.occurred_at, t.id) > ($4, $5)
    AND t.unpriced <> 0 AND t.requests = 1
ORDER BY t.occurred_at, t.id
LIMIT $6;
