-- What was decided about spans of traces that come in pieces (models/otel_tree.py): whether a span
-- was billed, or has a billed one below or above it. Rows go after a week.
CREATE TABLE otel_mark (
    organization_id uuid NOT NULL REFERENCES organization (id),
    trace_id bytea NOT NULL CHECK (length(trace_id) = 16),
    span_id bytea NOT NULL CHECK (length(span_id) = 8),
    mark text NOT NULL CHECK (mark IN ('BILLED', 'ABOVE', 'BELOW')),
    marked_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, trace_id, span_id)
);

CREATE INDEX otel_mark_marked_index ON otel_mark (organization_id, marked_at);
