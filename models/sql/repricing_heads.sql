-- Entries of a project that counted a request, between two instants, in the order of time after a
-- place. As many rows as asked for are read, whatever their model: a page stays short.
SELECT t.id, t.event_key, t.model, t.occurred_at
FROM credit_transaction AS t
WHERE t.organization_id = $1 AND t.project_id = $2
    AND t.occurred_at >= $3 AND t.occurred_at < $4
    AND (t.occurred_at, t.id) > ($5, $6)
    AND t.requests = 1
ORDER BY t.occurred_at, t.id
LIMIT $7;
