-- Sums kept beside the ledger, written by the statement that writes it, rebuildable from it.
-- models/rollup.py declares what each one holds. The text '' and the nil UUID stand for "none" in
-- key columns. No foreign keys: rows are derived, and verified against the ledger instead. Pages
-- keep room so that an update stays on its page.

-- How often 16 ms doubles up to a duration of at least that, counted from 1.
CREATE FUNCTION duration_doubling(duration_ms integer) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN width_bucket(duration_ms, '{16,32,64,128,256,512,1024,2048,4096,8192,16384,32768,65536,
        131072,262144,524288,1048576,2097152,4194304,8388608,16777216,33554432,67108864,134217728,
        268435456,536870912,1073741824}'::integer[]);

-- Durations fall into buckets that are exact below 16 ms and 16 to each doubling from there on, so
-- that the middle of a bucket is within 3.2 % of every duration in it. The doubling is looked up in
-- an array, which is five times as fast as counting bits.
CREATE FUNCTION duration_bucket(duration_ms integer) RETURNS smallint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (CASE WHEN duration_ms < 16 THEN duration_ms
        ELSE 16 * duration_doubling(duration_ms)
            + ((duration_ms >> (duration_doubling(duration_ms) - 1)) & 15)
        END)::smallint;

-- By local hour: series by surface (004).
CREATE TABLE rollup_hour (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    hour_start timestamptz NOT NULL,
    project_id uuid NOT NULL,
    surface text NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, local_date, hour_start, project_id, surface)
) WITH (fillfactor = 80);

-- By day and everything that pages filter on, down to the rate: token analytics, FOCUS.
CREATE TABLE rollup_day (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    project_id uuid NOT NULL,
    agent_type text NOT NULL,
    initiator text NOT NULL,
    surface text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    operation text NOT NULL,
    outcome text NOT NULL,
    rate_id uuid NOT NULL,
    requests bigint NOT NULL,
    input bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, local_date, project_id, agent_type, initiator, surface, provider,
        model, operation, outcome, rate_id)
) WITH (fillfactor = 80);

-- One row a project and day: daily spend (003).
CREATE TABLE rollup_project_day (
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    local_date date NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    jobs_ended bigint NOT NULL,
    jobs_succeeded bigint NOT NULL,
    PRIMARY KEY (organization_id, project_id, local_date)
) WITH (fillfactor = 80);

-- By month and agent type: the summary, the breakdown, the trend, the portfolio (003).
CREATE TABLE rollup_month (
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    month date NOT NULL,
    agent_type text NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    jobs_ended bigint NOT NULL,
    jobs_succeeded bigint NOT NULL,
    PRIMARY KEY (organization_id, project_id, month, agent_type)
) WITH (fillfactor = 80);

-- A run's part of a month: top runs (003), and a run's total over its months.
CREATE TABLE rollup_run_month (
    organization_id uuid NOT NULL,
    run_id uuid NOT NULL,
    month date NOT NULL,
    project_id uuid NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    jobs_ended bigint NOT NULL,
    jobs_succeeded bigint NOT NULL,
    PRIMARY KEY (organization_id, run_id, month)
) WITH (fillfactor = 80);

CREATE INDEX rollup_run_month_cost_index
    ON rollup_run_month (organization_id, project_id, month, cost DESC, run_id);

-- A job's part of a month: a job's total over its months.
CREATE TABLE rollup_job_month (
    organization_id uuid NOT NULL,
    job_id uuid NOT NULL,
    month date NOT NULL,
    project_id uuid NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, job_id, month)
) WITH (fillfactor = 80);

CREATE INDEX rollup_job_month_project_index
    ON rollup_job_month (organization_id, project_id, month);

-- By person and day: top users (004).
CREATE TABLE rollup_user_day (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    user_id uuid NOT NULL,
    project_id uuid NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, local_date, user_id, project_id)
) WITH (fillfactor = 80);

-- By key and day: spend by API key (001).
CREATE TABLE rollup_key_day (
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    local_date date NOT NULL,
    api_key_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    operation text NOT NULL,
    outcome text NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, project_id, local_date, api_key_id, provider, model, operation,
        outcome)
) WITH (fillfactor = 80);

-- How many calls fell into which duration bucket: percentiles (001).
CREATE TABLE rollup_duration_day (
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    local_date date NOT NULL,
    api_key_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    bucket smallint NOT NULL,
    calls bigint NOT NULL,
    PRIMARY KEY (organization_id, project_id, local_date, api_key_id, provider, model, bucket)
) WITH (fillfactor = 80);
