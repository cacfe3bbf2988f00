-- Forgets up to a thousand of the marks set before $2; those that somebody else is at are his.
DELETE FROM otel_mark
WHERE organization_id = $1
    AND (trace_id, span_id) IN (
        SELECT m.trace_id, m.span_id
        FROM otel_mark AS m
        WHERE m.organization_id = $1 AND m.marked_at < $2
        ORDER BY m.marked_at
        LIMIT 1000
        FOR UPDATE SKIP LOCKED);
