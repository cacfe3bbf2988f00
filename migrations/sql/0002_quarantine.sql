-- What an import read and did not trust: the row as it was, what was understood of it (as columns of
-- our own, null where nothing was), and why. It is open until it is recorded or dropped. The digest
-- is of format, event key and original, so that reading the same row again finds it here; it is gone
-- once the import was taken back, so that the row may come again.
CREATE TABLE quarantined_row (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    import_id uuid NOT NULL,
    format text NOT NULL,
    file text NOT NULL,
    line bigint CHECK (line > 0),
    event_key text NOT NULL CHECK (length(event_key) <= 255),
    reason text NOT NULL,
    original text NOT NULL,
    understood jsonb,
    digest bytea CHECK (length(digest) = 16),
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolution text CHECK (resolution IN ('RECORDED', 'DROPPED')),
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, digest),
    CHECK ((resolved_at IS NULL) = (resolution IS NULL)),
    CHECK (digest IS NOT NULL OR resolved_at IS NOT NULL),
    FOREIGN KEY (organization_id, import_id) REFERENCES usage_import (organization_id, id)
);

CREATE INDEX quarantined_row_open_index
    ON quarantined_row (organization_id, id) WHERE resolved_at IS NULL;

CREATE INDEX quarantined_row_event_index
    ON quarantined_row (organization_id, event_key) WHERE resolved_at IS NULL;

CREATE INDEX quarantined_row_import_index ON quarantined_row (organization_id, import_id);
