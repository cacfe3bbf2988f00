-- What was decided about spans, by trace id ($2) and span id ($3).
SELECT m.trace_id, m.span_id, m.mark
FROM otel_mark AS m
JOIN unnest($2::bytea[], $3::bytea[]) AS key (trace_id, span_id)
    ON key.trace_id = m.trace_id AND key.span_id = m.span_id
WHERE m.organization_id = $1;
