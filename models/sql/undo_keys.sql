-- Keys to which an import still adds something, a batch at a time. What its own adjustments have
-- taken back nets out, so that an undo which was cut short goes on where it stopped.
SELECT t.event_key
FROM credit_transaction AS t
WHERE t.organization_id = $1 AND t.import_id = $2
GROUP BY t.event_key
HAVING sum(t.requests) <> 0 OR sum(t.input) <> 0 OR sum(t.cache_read) <> 0
    OR sum(t.cache_write_5m) <> 0 OR sum(t.cache_write_1h) <> 0 OR sum(t.output) <> 0
    OR sum(t.reasoning) <> 0
ORDER BY t.event_key
LIMIT $3;
