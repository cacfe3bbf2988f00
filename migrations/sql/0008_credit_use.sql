-- Credits by when they were taken, for series and rankings. Written with the deduction, under the
-- lock on the organization's balance, which its writers hold one after the other anyway. Days and
-- hours are those of posting; models/credit_use.py says why. The text '' and the nil UUID stand for
-- "none".

-- The whole organization by local hour and surface.
CREATE TABLE credit_use_hour (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    hour_start timestamptz NOT NULL,
    surface text NOT NULL,
    requests bigint NOT NULL,
    unpriced bigint NOT NULL,
    credits numeric(38, 18) NOT NULL,
    PRIMARY KEY (organization_id, local_date, hour_start, surface)
) WITH (fillfactor = 80);

-- By local day, project and person.
CREATE TABLE credit_use_day (
    organization_id uuid NOT NULL,
    local_date date NOT NULL,
    project_id uuid NOT NULL,
    user_id uuid NOT NULL,
    requests bigint NOT NULL,
    unpriced bigint NOT NULL,
    credits numeric(38, 18) NOT NULL,
    PRIMARY KEY (organization_id, local_date, project_id, user_id)
) WITH (fillfactor = 80);
