-- What happened and what it cost: prices, runs, jobs, the ledger, and the imports that fed it.

-- Public prices, the same for everybody: a reference table. Appended, never edited: a model that
-- changed is appended as a whole under one adopted_at, and its latest list holds.
CREATE TABLE public_price (
    id uuid PRIMARY KEY,
    provider text NOT NULL,
    model text NOT NULL,
    token_class text NOT NULL CHECK (token_class IN ('INPUT', 'CACHE_READ', 'CACHE_WRITE_5M',
        'CACHE_WRITE_1H', 'OUTPUT', 'REASONING', 'REQUEST')),
    min_input_tokens bigint NOT NULL DEFAULT 0 CHECK (min_input_tokens >= 0),
    service_tier text NOT NULL DEFAULT '',
    dollars_per_million numeric NOT NULL
        CHECK (dollars_per_million >= 0 AND scale(dollars_per_million) <= 6),
    starts_at timestamptz NOT NULL,
    daily_from time,
    daily_until time,
    adopted_at timestamptz NOT NULL,
    source text NOT NULL,
    CHECK ((daily_from IS NULL) = (daily_until IS NULL)),
    UNIQUE NULLS NOT DISTINCT (provider, model, token_class, min_input_tokens, service_tier,
        starts_at, daily_from, adopted_at)
);

-- An organization's own prices, which go before the public ones.
CREATE TABLE price (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    token_class text NOT NULL CHECK (token_class IN ('INPUT', 'CACHE_READ', 'CACHE_WRITE_5M',
        'CACHE_WRITE_1H', 'OUTPUT', 'REASONING', 'REQUEST')),
    min_input_tokens bigint NOT NULL DEFAULT 0 CHECK (min_input_tokens >= 0),
    service_tier text NOT NULL DEFAULT '',
    dollars_per_million numeric NOT NULL
        CHECK (dollars_per_million >= 0 AND scale(dollars_per_million) <= 6),
    starts_at timestamptz NOT NULL,
    daily_from time,
    daily_until time,
    adopted_at timestamptz NOT NULL,
    source text NOT NULL,
    created_by uuid REFERENCES app_user (id),
    PRIMARY KEY (organization_id, id),
    CHECK ((daily_from IS NULL) = (daily_until IS NULL)),
    UNIQUE NULLS NOT DISTINCT (organization_id, provider, model, token_class, min_input_tokens,
        service_tier, starts_at, daily_from, adopted_at)
);

-- The unit prices that applied to entries, after tier, service tier and override; dollars per
-- million tokens, and per thousand requests. Immutable; the id is made from the content.
CREATE TABLE rate (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    service_tier text NOT NULL,
    input numeric NOT NULL CHECK (scale(input) <= 6),
    cache_read numeric NOT NULL CHECK (scale(cache_read) <= 6),
    cache_write_5m numeric NOT NULL CHECK (scale(cache_write_5m) <= 6),
    cache_write_1h numeric NOT NULL CHECK (scale(cache_write_1h) <= 6),
    output numeric NOT NULL CHECK (scale(output) <= 6),
    reasoning numeric NOT NULL CHECK (scale(reasoning) <= 6),
    request numeric NOT NULL CHECK (scale(request) <= 6),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE pipeline_run (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    parent_id uuid,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    workflow text,
    trigger text,
    status text NOT NULL CHECK (status IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, project_id, key),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES pipeline_run (organization_id, id)
);

CREATE INDEX pipeline_run_project_time_index
    ON pipeline_run (organization_id, project_id, started_at DESC, id DESC);

CREATE INDEX pipeline_run_workspace_time_index
    ON pipeline_run (organization_id, workspace_id, started_at DESC, id DESC);

-- finished_date is the local day of finished_at, fixed when it was written: the day on which the
-- job is counted.
CREATE TABLE agent_job (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    agent_type text NOT NULL,
    initiator text CHECK (initiator IN ('CHAT_AGENT', 'TASK_AGENT', 'HEARTBEAT')),
    status text NOT NULL CHECK (status IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    finished_date date,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, run_id, key),
    CHECK ((finished_at IS NULL) = (finished_date IS NULL)),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id),
    FOREIGN KEY (organization_id, run_id) REFERENCES pipeline_run (organization_id, id)
);

CREATE INDEX agent_job_finished_index ON agent_job (organization_id, project_id, finished_date);

-- One run of an importer, so that a mistaken one can be taken back.
CREATE TABLE usage_import (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    format text NOT NULL,
    source text NOT NULL,
    status text NOT NULL CHECK (status IN ('RUNNING', 'DONE', 'UNDONE')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    undone_at timestamptz,
    read_count bigint NOT NULL DEFAULT 0,
    recorded_count bigint NOT NULL DEFAULT 0,
    duplicate_count bigint NOT NULL DEFAULT 0,
    unpriced_count bigint NOT NULL DEFAULT 0,
    quarantined_count bigint NOT NULL DEFAULT 0,
    unreadable_count bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id)
);

-- The ledger. No UPDATE, no DELETE. An entry holds only what follows from its own event: deltas of
-- tokens, requests, unpriced and cost, whatever else the table holds. For every priced entry
-- cost = (tokens . rate) / 10^6 + requests * rate.request / 10^3, exactly. event_key is what counts
-- once: the caller's name for the event or, behind U+001F, for the call that streams; report_key is
-- then the caller's name for the report that added this part.
CREATE TABLE credit_transaction (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    run_id uuid,
    job_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    local_date date NOT NULL,
    utc_offset_seconds integer NOT NULL,
    part integer NOT NULL CHECK (part >= 0),
    requests smallint NOT NULL CHECK (requests BETWEEN -1 AND 1),
    unpriced smallint NOT NULL CHECK (unpriced BETWEEN -1 AND 1),
    kind text NOT NULL CHECK (kind IN ('USAGE', 'ADJUSTMENT')),
    operation text NOT NULL CHECK (operation IN ('COMPLETION', 'EMBEDDING')),
    outcome text NOT NULL CHECK (outcome IN ('SUCCEEDED', 'FAILED')),
    event_key text NOT NULL CHECK (length(event_key) BETWEEN 1 AND 256),
    report_key text CHECK (length(report_key) BETWEEN 1 AND 255),
    agent_type text NOT NULL,
    initiator text CHECK (initiator IN ('CHAT_AGENT', 'TASK_AGENT', 'HEARTBEAT')),
    surface text CHECK (surface IN ('WEB', 'CLI', 'API')),
    provider text,
    model text,
    service_tier text NOT NULL DEFAULT '',
    api_key_id uuid,
    user_id uuid REFERENCES app_user (id),
    input bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    input_includes_cache boolean,
    output_includes_reasoning boolean,
    duration_ms integer CHECK (duration_ms >= 0),
    rate_id uuid,
    cost numeric(24, 12),
    source_cost numeric(24, 12),
    content_hash bytea NOT NULL CHECK (length(content_hash) = 16),
    corrects_id uuid,
    reason text,
    import_id uuid,
    reservation_id uuid,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, event_key, part),
    CHECK (model IS NOT NULL OR kind = 'ADJUSTMENT'),
    CHECK (reason IS NOT NULL OR kind = 'USAGE'),
    CHECK (kind = 'ADJUSTMENT' OR unpriced = CASE WHEN cost IS NULL THEN requests ELSE 0 END),
    CHECK (job_id IS NULL OR run_id IS NOT NULL),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id),
    FOREIGN KEY (organization_id, run_id) REFERENCES pipeline_run (organization_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES agent_job (organization_id, id),
    FOREIGN KEY (organization_id, api_key_id) REFERENCES api_key (organization_id, id),
    FOREIGN KEY (organization_id, rate_id) REFERENCES rate (organization_id, id),
    FOREIGN KEY (organization_id, import_id) REFERENCES usage_import (organization_id, id)
);

CREATE INDEX credit_transaction_project_time_index
    ON credit_transaction (organization_id, project_id, occurred_at DESC, id DESC);

CREATE INDEX credit_transaction_import_index
    ON credit_transaction (organization_id, import_id) WHERE import_id IS NOT NULL;

CREATE INDEX credit_transaction_unpriced_index
    ON credit_transaction (organization_id, occurred_at, id) WHERE unpriced <> 0;

-- How an entry was paid for, in the order of posting. An entry without a row was wholly included
-- and took no credits. Append-only.
CREATE TABLE credit_deduction (
    organization_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    monthly_credits numeric(24, 12) NOT NULL DEFAULT 0,
    bonus_credits numeric(24, 12) NOT NULL DEFAULT 0,
    included_cost numeric(24, 12) NOT NULL DEFAULT 0,
    on_demand_cost numeric(24, 12) NOT NULL DEFAULT 0,
    running_total numeric(30, 12) NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, transaction_id),
    FOREIGN KEY (organization_id, transaction_id)
        REFERENCES credit_transaction (organization_id, id)
);
