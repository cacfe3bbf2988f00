-- Remembers marks in the order of their keys; returns those that nobody had set before.
INSERT INTO otel_mark (organization_id, trace_id, span_id, mark, marked_at)
SELECT $1, key.trace_id, key.span_id, key.mark, $2
FROM unnest($3::bytea[], $4::bytea[], $5::text[]) AS key (trace_id, span_id, mark)
ORDER BY key.trace_id, key.span_id
ON CONFLICT DO NOTHING
RETURNING span_id;
