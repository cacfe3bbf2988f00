-- A recalculation of past entries, or its rehearsal (is_dry_run). It uses the price rows that were
-- adopted up to prices_at, however long it takes. The place is that of the last entry looked at;
-- worker is the process that works on it, touched_at its last sign of life. A run that follows a
-- rehearsal (after_id) posts nothing before its figures were found to be the same (is_compared);
-- only until then it may fail. models is a list of names, null for all.
CREATE TABLE repricing (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    is_dry_run boolean NOT NULL,
    after_id uuid,
    status text NOT NULL CHECK (status IN ('RUNNING', 'DONE', 'FAILED')),
    only_unpriced boolean NOT NULL,
    models jsonb,
    range_start timestamptz NOT NULL,
    range_end timestamptz NOT NULL,
    prices_at timestamptz NOT NULL,
    is_compared boolean NOT NULL,
    calls_to_see bigint NOT NULL,
    calls_seen bigint NOT NULL DEFAULT 0,
    place_project_id uuid,
    place_at timestamptz,
    place_id uuid,
    worker uuid,
    touched_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    failure text,
    PRIMARY KEY (organization_id, id),
    CHECK (range_start < range_end),
    CHECK ((finished_at IS NULL) = (status = 'RUNNING')),
    CHECK (status <> 'FAILED' OR is_dry_run OR NOT is_compared),
    CHECK (after_id IS NULL OR NOT is_dry_run),
    FOREIGN KEY (organization_id, after_id) REFERENCES repricing (organization_id, id)
);

-- A rehearsal is followed by one run: asking twice finds the first.
CREATE UNIQUE INDEX repricing_after_index
    ON repricing (organization_id, after_id) WHERE status <> 'FAILED';

-- What has to be picked up when its process died.
CREATE INDEX repricing_touched_index ON repricing (touched_at) WHERE status = 'RUNNING';

-- What a recalculation posted, or would post, for one model; '' stands for no provider.
CREATE TABLE repricing_line (
    organization_id uuid NOT NULL,
    repricing_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    transactions bigint NOT NULL,
    unpriced_transactions bigint NOT NULL,
    cost_before numeric(30, 12) NOT NULL,
    cost_after numeric(30, 12) NOT NULL,
    PRIMARY KEY (organization_id, repricing_id, provider, model),
    FOREIGN KEY (organization_id, repricing_id) REFERENCES repricing (organization_id, id)
);

-- Days of models without a price. Neither column is ever updated, so updates stay on their page.
CREATE INDEX rollup_day_unpriced_index ON rollup_day (organization_id, local_date)
    WHERE rate_id = '00000000-0000-0000-0000-000000000000';
