-- Caps, what was spent and is held under them, and the reservations that hold it.

-- A limit. One lives for each thing, period and action; one that was removed stays, for the windows
-- that it counted. Amounts are in its unit. counted_from is the first local day that it counts: the
-- beginning of the window in which it was set.
CREATE TABLE cap (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    scope text NOT NULL CHECK (scope IN ('ORGANIZATION', 'WORKSPACE_GROUP', 'WORKSPACE', 'PROJECT',
        'RUN', 'API_KEY', 'USER')),
    target_id uuid NOT NULL,
    period text NOT NULL CHECK (period IN ('BILLING_CYCLE', 'MONTH', 'DAY', 'RUN')),
    action text NOT NULL CHECK (action IN ('BLOCK', 'WARN')),
    unit text NOT NULL CHECK (unit IN ('DOLLARS', 'CREDITS')),
    amount numeric(24, 12) NOT NULL CHECK (amount >= 0),
    unpriced_policy text NOT NULL CHECK (unpriced_policy IN ('BLOCK', 'ALLOW', 'ASSUME')),
    assumed_input_price numeric(24, 6) CHECK (assumed_input_price >= 0),
    assumed_output_price numeric(24, 6) CHECK (assumed_output_price >= 0),
    allowance_of_id uuid,
    counted_from date NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid REFERENCES app_user (id),
    removed_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CHECK (period <> 'RUN' OR scope = 'RUN'),
    CHECK (allowance_of_id IS NULL OR period = 'RUN'),
    CHECK ((unpriced_policy = 'ASSUME')
        = (assumed_input_price IS NOT NULL AND assumed_output_price IS NOT NULL)),
    FOREIGN KEY (organization_id, allowance_of_id) REFERENCES cap (organization_id, id)
);

CREATE UNIQUE INDEX cap_live_key ON cap (organization_id, target_id, scope, period, action)
    WHERE removed_at IS NULL;

-- What was spent and is held under a cap in one of its periods, named by the first local day; a run's
-- whole life is one window, from 1970-01-01 on. No row means nothing. A new period is a new row:
-- nothing is ever set back. No check against the cap's amount: money that was charged is recorded.
CREATE TABLE cap_window (
    organization_id uuid NOT NULL,
    cap_id uuid NOT NULL,
    first_date date NOT NULL,
    last_date date NOT NULL CHECK (last_date >= first_date),
    spent numeric(38, 18) NOT NULL DEFAULT 0,
    held numeric(38, 18) NOT NULL DEFAULT 0 CHECK (held >= 0),
    unpriced bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, cap_id, first_date),
    FOREIGN KEY (organization_id, cap_id) REFERENCES cap (organization_id, id)
) WITH (fillfactor = 50);

-- Money held before a call: dollars. What was spent under it is in the ledger, by reservation_id.
-- assumed is what a call without a known price was taken to cost. It ends once.
CREATE TABLE reservation (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    content_hash bytea NOT NULL CHECK (length(content_hash) = 16),
    status text NOT NULL CHECK (status IN ('OPEN', 'SETTLED', 'RELEASED', 'EXPIRED')),
    project_id uuid NOT NULL,
    run_id uuid,
    job_id uuid,
    api_key_id uuid,
    user_id uuid REFERENCES app_user (id),
    provider text,
    model text,
    amount numeric(24, 12) NOT NULL CHECK (amount >= 0),
    held numeric(24, 12) NOT NULL CHECK (held >= 0),
    credits_held numeric(38, 18) NOT NULL DEFAULT 0 CHECK (credits_held >= 0),
    is_unpriced boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    final_key text,
    final_hash bytea,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, key),
    CHECK ((status = 'OPEN') = (ended_at IS NULL)),
    CHECK (status = 'OPEN' OR (held = 0 AND credits_held = 0)),
    CHECK (job_id IS NULL OR run_id IS NOT NULL),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id),
    FOREIGN KEY (organization_id, run_id) REFERENCES pipeline_run (organization_id, id),
    FOREIGN KEY (organization_id, job_id) REFERENCES agent_job (organization_id, id),
    FOREIGN KEY (organization_id, api_key_id) REFERENCES api_key (organization_id, id)
) WITH (fillfactor = 80);

CREATE INDEX reservation_due_index ON reservation (organization_id, expires_at)
    WHERE status = 'OPEN';

CREATE INDEX reservation_project_time_index
    ON reservation (organization_id, project_id, created_at DESC, id DESC);

CREATE INDEX reservation_run_index ON reservation (organization_id, run_id, created_at DESC)
    WHERE run_id IS NOT NULL;

-- What a reservation holds under each cap, in the cap's unit. The row stays when the hold has ended:
-- what is spent under the reservation counts in this window, whenever it is posted.
CREATE TABLE reservation_cap (
    organization_id uuid NOT NULL,
    reservation_id uuid NOT NULL,
    cap_id uuid NOT NULL,
    first_date date NOT NULL,
    amount numeric(38, 18) NOT NULL CHECK (amount >= 0),
    held numeric(38, 18) NOT NULL CHECK (held >= 0),
    PRIMARY KEY (organization_id, reservation_id, cap_id),
    FOREIGN KEY (organization_id, reservation_id) REFERENCES reservation (organization_id, id),
    FOREIGN KEY (organization_id, cap_id) REFERENCES cap (organization_id, id)
) WITH (fillfactor = 80);

CREATE INDEX reservation_cap_held_index ON reservation_cap (organization_id, cap_id)
    WHERE held > 0;

CREATE INDEX credit_transaction_reservation_index
    ON credit_transaction (organization_id, reservation_id) WHERE reservation_id IS NOT NULL;

-- The second version of ledger_entry: an entry also says which reservation it was spent under. The
-- first one stays for servers that still run the code before this.
CREATE TYPE ledger_entry_v2 AS (
    id uuid,
    project_id uuid,
    workspace_id uuid,
    run_id uuid,
    job_id uuid,
    occurred_at timestamptz,
    local_date date,
    utc_offset_seconds integer,
    part integer,
    requests smallint,
    unpriced smallint,
    kind text,
    operation text,
    outcome text,
    event_key text,
    report_key text,
    agent_type text,
    initiator text,
    surface text,
    provider text,
    model text,
    service_tier text,
    api_key_id uuid,
    user_id uuid,
    input bigint,
    cache_read bigint,
    cache_write_5m bigint,
    cache_write_1h bigint,
    output bigint,
    reasoning bigint,
    input_includes_cache boolean,
    output_includes_reasoning boolean,
    duration_ms integer,
    rate_id uuid,
    cost numeric,
    source_cost numeric,
    content_hash bytea,
    corrects_id uuid,
    reason text,
    import_id uuid,
    reservation_id uuid
);
