-- Who there is: organizations, the levels below them, people, roles and keys.
-- Tenant tables are distributed by organization_id on Citus; app_user, user_organization and
-- api_key_lookup are reference tables there, so they hold no key to a tenant table.

-- People. "user" is a reserved word of SQL, hence the prefix.
CREATE TABLE app_user (
    id uuid PRIMARY KEY,
    email text NOT NULL CHECK (email <> ''),
    name text NOT NULL,
    subject text,
    created_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX app_user_email_key ON app_user (lower(email));

CREATE UNIQUE INDEX app_user_subject_key ON app_user (subject);

-- Which organizations a person has any membership in: the first step of signing in.
CREATE TABLE user_organization (
    user_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);

-- Which organization a secret belongs to: a key's hash is looked up before its tenant is known.
CREATE TABLE api_key_lookup (
    secret_hash bytea PRIMARY KEY,
    organization_id uuid NOT NULL,
    api_key_id uuid NOT NULL
);

CREATE TABLE organization (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    time_zone text NOT NULL,
    billing_mode text NOT NULL CHECK (billing_mode IN ('CREDITS', 'BYOM')),
    plan text NOT NULL,
    cycle_anchor_day smallint NOT NULL CHECK (cycle_anchor_day BETWEEN 1 AND 31),
    credits_per_dollar numeric(24, 12) NOT NULL CHECK (credits_per_dollar > 0),
    included_dollars numeric(24, 12) CHECK (included_dollars >= 0),
    created_at timestamptz NOT NULL
);

CREATE INDEX organization_name_index ON organization (name);

-- Time zones are dated: an event's local day is that of the zone in force when it occurred, so a
-- change never moves the past. organization.time_zone repeats the latest one that has begun.
CREATE TABLE organization_time_zone (
    organization_id uuid NOT NULL REFERENCES organization (id),
    starts_at timestamptz NOT NULL,
    time_zone text NOT NULL,
    PRIMARY KEY (organization_id, starts_at)
);

CREATE TABLE workspace_group (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name)
);

CREATE TABLE workspace (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    group_id uuid,
    name text NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name),
    FOREIGN KEY (organization_id, group_id) REFERENCES workspace_group (organization_id, id)
);

CREATE TABLE project (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    owner_id uuid REFERENCES app_user (id),
    name text NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, workspace_id, name),
    FOREIGN KEY (organization_id, workspace_id) REFERENCES workspace (organization_id, id)
);

CREATE INDEX project_name_index ON project (organization_id, name, id);

CREATE INDEX project_owner_index ON project (organization_id, owner_id);

-- A role at the organization (both levels NULL), at one workspace or at one project.
CREATE TABLE membership (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES app_user (id),
    workspace_id uuid,
    project_id uuid,
    role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (workspace_id IS NULL OR project_id IS NULL),
    UNIQUE NULLS NOT DISTINCT (organization_id, user_id, workspace_id, project_id),
    FOREIGN KEY (organization_id, workspace_id) REFERENCES workspace (organization_id, id),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id)
);

-- A key acts with its own role at its own level, for nobody or for one person.
CREATE TABLE api_key (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    prefix text NOT NULL,
    secret_hash bytea NOT NULL,
    role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
    user_id uuid REFERENCES app_user (id),
    workspace_id uuid,
    project_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (organization_id, id),
    CHECK (workspace_id IS NULL OR project_id IS NULL),
    UNIQUE (organization_id, secret_hash),
    FOREIGN KEY (organization_id, workspace_id) REFERENCES workspace (organization_id, id),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id)
);

CREATE INDEX api_key_name_index ON api_key (organization_id, name, id);

-- Every act of administration, with what was before and what is after. Append-only.
CREATE TABLE audit_event (
    organization_id uuid NOT NULL REFERENCES organization (id),
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    user_id uuid REFERENCES app_user (id),
    api_key_id uuid,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    old_value jsonb,
    new_value jsonb,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX audit_event_time_index ON audit_event (organization_id, occurred_at DESC, id DESC);

-- A project's settings; ai_budget_monthly_limit holds dollars as a decimal string.
CREATE TABLE billing_setting (
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid REFERENCES app_user (id),
    PRIMARY KEY (organization_id, project_id, key),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id)
);

-- Every change of a setting. Append-only; also tells which limit was in force at a past instant.
CREATE TABLE billing_setting_change (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    key text NOT NULL,
    old_value text,
    new_value text,
    changed_at timestamptz NOT NULL,
    changed_by uuid REFERENCES app_user (id),
    api_key_id uuid,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, project_id) REFERENCES project (organization_id, id)
);

CREATE INDEX billing_setting_change_time_index
    ON billing_setting_change (organization_id, project_id, key, changed_at DESC, id DESC);
