-- What was spent outside any run, by month: long ranges are not added up hour by hour.

CREATE TABLE rollup_outside_month (
    organization_id uuid NOT NULL,
    project_id uuid NOT NULL,
    month date NOT NULL,
    model text NOT NULL,
    requests bigint NOT NULL,
    tokens bigint NOT NULL,
    cost numeric(30, 12) NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (organization_id, project_id, month, model)
) WITH (fillfactor = 80);

INSERT INTO due_rollup SELECT id, 'rollup_outside_month' FROM organization;
