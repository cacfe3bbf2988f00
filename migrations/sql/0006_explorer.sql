-- What runs spent by the hour, for pages and exports that show one row a run over any range.

-- By run, local hour and model. Outside any run it is the nil UUID; no further index: rows are found
-- by their run.
CREATE TABLE rollup_run_hour (
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    run_id uuid NOT NULL,
    hour_start timestamptz NOT NULL,
    local_date date NOT NULL,
    model text NOT NULL,
    requests bigint NOT NULL,
    tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, project_id, run_id, hour_start, local_date, model)
) WITH (fillfactor = 80);

-- Days from first to last lie around a node: the first day of the greatest power of two that begins
-- in them after the first. Those that go on into a day q are at the twenty nodes above q, of which
-- each is one look into an index, however many there are.
CREATE FUNCTION span_node(first_date date, last_date date) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((last_date - DATE '1970-01-01')
            >> (20 - position(B'1' IN
                ((first_date - DATE '1970-01-01') # (last_date - DATE '1970-01-01'))::bit(20))))
        << (20 - position(B'1' IN
            ((first_date - DATE '1970-01-01') # (last_date - DATE '1970-01-01'))::bit(20)));

-- Runs that go on past the day (in UTC) on which they began, which are few. What is asked in a range
-- of those that began before it starts here.
CREATE TABLE run_span (
    organization_id uuid NOT NULL,
    run_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    first_date date NOT NULL,
    last_date date NOT NULL CHECK (last_date > first_date),
    PRIMARY KEY (organization_id, run_id)
);

CREATE INDEX run_span_node_index
    ON run_span (organization_id, workspace_id, span_node(first_date, last_date), last_date);

-- Rollups that are still to be counted for what was spent before they were made, by organization:
-- `aicost migrate` does it, a project's month at a time, and works beside writers.
CREATE TABLE due_rollup (
    organization_id uuid NOT NULL,
    rollup text NOT NULL,
    PRIMARY KEY (organization_id, rollup)
);

INSERT INTO due_rollup SELECT id, 'rollup_run_hour' FROM organization;
