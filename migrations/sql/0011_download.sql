-- What may be downloaded once, without headers, by whoever holds the address (models/download.py).
-- asked holds what was asked for and the reach of who asked; a row goes when it is used.
CREATE TABLE download (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
    asked jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
