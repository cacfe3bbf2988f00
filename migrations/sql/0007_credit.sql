-- The running state of what an organization pays in credits, or beyond what its plan includes: one
-- row each, made when either begins, and locked last by whoever posts. The first columns are the
-- billing that is in force for posting (organization repeats them for pages); from cycle_start on
-- they are figures of the running cycle. bonus_granted holds what was carried over. Everything
-- follows from credit_grant and credit_deduction, and is recounted from there; held follows from
-- open reservations.
CREATE TABLE credit_balance (
    organization_id uuid PRIMARY KEY REFERENCES organization (id),
    billing_mode text NOT NULL CHECK (billing_mode IN ('CREDITS', 'BYOM')),
    plan text NOT NULL,
    monthly_credits numeric(38, 18) CHECK (monthly_credits >= 0),
    credits_per_dollar numeric(24, 12) NOT NULL
        CHECK (credits_per_dollar > 0 AND scale(trim_scale(credits_per_dollar)) <= 6),
    included_dollars numeric(24, 12) CHECK (included_dollars >= 0),
    credits_from timestamptz,
    limit_from timestamptz,
    cycle_start timestamptz NOT NULL,
    cycle_end timestamptz NOT NULL,
    monthly_granted numeric(38, 18) NOT NULL DEFAULT 0,
    monthly_used numeric(38, 18) NOT NULL DEFAULT 0,
    bonus_granted numeric(38, 18) NOT NULL DEFAULT 0,
    bonus_used numeric(38, 18) NOT NULL DEFAULT 0,
    overage numeric(38, 18) NOT NULL DEFAULT 0 CHECK (overage >= 0),
    held numeric(38, 18) NOT NULL DEFAULT 0 CHECK (held >= 0),
    running_total numeric(30, 12) NOT NULL DEFAULT 0,
    on_demand numeric(30, 12) NOT NULL DEFAULT 0 CHECK (on_demand >= 0),
    exhausted_at timestamptz,
    deductions bigint NOT NULL DEFAULT 0,
    CHECK (cycle_start < cycle_end),
    CHECK (monthly_used <= monthly_granted),
    CHECK (bonus_used BETWEEN 0 AND bonus_granted),
    CHECK (credits_from IS NOT NULL OR billing_mode = 'BYOM'),
    CHECK (limit_from IS NOT NULL OR included_dollars IS NULL)
) WITH (fillfactor = 50);

-- What credits came from and where they lapsed. Append-only: a cycle opens with MONTHLY, a better
-- plan within it adds PLAN, its end takes what is left as EXPIRY (negative); BONUS stays. The
-- cycle is the one that was running.
CREATE TABLE credit_grant (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('MONTHLY', 'PLAN', 'EXPIRY', 'BONUS')),
    credits numeric(38, 18) NOT NULL,
    cycle_start timestamptz NOT NULL,
    granted_at timestamptz NOT NULL,
    reason text NOT NULL,
    user_id uuid REFERENCES app_user (id),
    api_key_id uuid,
    PRIMARY KEY (organization_id, id)
);

-- Cycle anchors are dated by the first local day of the cycle from which they hold, so that a
-- change never moves the past; before the first one organization.cycle_anchor_day holds. Of two for
-- one day the one decided later counts. Append-only.
CREATE TABLE organization_cycle_anchor (
    organization_id uuid NOT NULL REFERENCES organization (id),
    starts_on date NOT NULL,
    decided_at timestamptz NOT NULL,
    anchor_day smallint NOT NULL CHECK (anchor_day BETWEEN 1 AND 31),
    PRIMARY KEY (organization_id, starts_on, decided_at)
);

-- Credits are exact: a cost of 12 decimals at a rate of up to 6. Nothing has been deducted so far.
-- credits_per_dollar is NULL where an entry took none, limit_dollars (the limit in force) where no
-- limit applied; place is the order of posting, cycle_start the cycle that was running then, and
-- running_total what had been spent under the limit in that cycle, this entry included.
ALTER TABLE credit_deduction
    ALTER COLUMN monthly_credits TYPE numeric(38, 18),
    ALTER COLUMN bonus_credits TYPE numeric(38, 18),
    ADD COLUMN overage_credits numeric(38, 18) NOT NULL DEFAULT 0,
    ADD COLUMN credits_per_dollar numeric(24, 12),
    ADD COLUMN limit_dollars numeric(24, 12),
    ADD COLUMN cycle_start timestamptz NOT NULL DEFAULT '1970-01-01Z',
    ADD COLUMN place bigint NOT NULL DEFAULT 0;

-- A deduction on its way (models/deduction.py), as ledger_entry is an entry on its way.
CREATE TYPE credit_charge AS (
    transaction_id uuid,
    monthly_credits numeric,
    bonus_credits numeric,
    overage_credits numeric,
    included_cost numeric,
    on_demand_cost numeric,
    running_total numeric,
    credits_per_dollar numeric,
    limit_dollars numeric,
    place bigint,
    project_id uuid,
    run_id uuid,
    occurred_at timestamptz,
    local_date date,
    utc_offset_seconds integer
);

-- What runs cost beyond the limit, by local hour (000). The nil UUID stands for no run.
CREATE TABLE rollup_on_demand (
    organization_id uuid NOT NULL,
    run_id uuid NOT NULL,
    hour_start timestamptz NOT NULL,
    project_id uuid NOT NULL,
    local_date date NOT NULL,
    on_demand_cost numeric(30, 12) NOT NULL,
    PRIMARY KEY (organization_id, run_id, local_date, hour_start, project_id)
) WITH (fillfactor = 80);

CREATE INDEX rollup_on_demand_project_index
    ON rollup_on_demand (organization_id, project_id, local_date);
