-- What the whole organization spent, all projects together: series (004) and top users (004) read
-- as many rows whatever the ledger. Every writer of an organization changes the same few rows, so
-- there is no index but the key, and pages keep room: an update stays on its page.

-- By local hour and surface.
CREATE TABLE rollup_organization_hour (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    hour_start timestamptz NOT NULL,
    surface text NOT NULL,
    requests bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, local_date, hour_start, surface)
) WITH (fillfactor = 80);

-- By day and surface: long ranges are not added up hour by hour.
CREATE TABLE rollup_organization_day (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    surface text NOT NULL,
    requests bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, local_date, surface)
) WITH (fillfactor = 80);

-- By day and person.
CREATE TABLE rollup_organization_user_day (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    user_id uuid NOT NULL,
    requests bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, local_date, user_id)
) WITH (fillfactor = 80);

INSERT INTO due_rollup
SELECT o.id, r.name
FROM organization AS o
CROSS JOIN (
    VALUES ('rollup_organization_hour'), ('rollup_organization_day'),
        ('rollup_organization_user_day')
) AS r (name);
