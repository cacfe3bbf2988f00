-- What occurs in a workspace between the days $4 and $5, most used first, at most 1,000 each:
-- projects and models by calls; workflows and triggers by runs, of those that began between $6 and
-- $7 or had gone on into the day $9. Of the projects $3 alone where given.
WITH subject AS MATERIALIZED (
    SELECT id
    FROM project
    WHERE organization_id = $1 AND workspace_id = $2 AND ($3::uuid[] IS NULL OR id = ANY($3))
),
used AS MATERIALIZED (
    SELECT subject.id AS project_id, spend.model, sum(spend.requests) AS requests
    FROM subject
    CROSS JOIN LATERAL (
        SELECT model, requests
        FROM rollup_key_day
        WHERE organization_id = $1 AND project_id = subject.id AND local_date BETWEEN $4 AND $5
        OFFSET 0
    ) AS spend
    GROUP BY subject.id, spend.model
    HAVING sum(spend.requests) > 0
),
run AS MATERIALIZED (
    SELECT workflow, trigger, sum(count) AS runs
    FROM (
        SELECT workflow, trigger, count(*) AS count
        FROM pipeline_run
        WHERE organization_id = $1 AND workspace_id = $2 AND started_at >= $6 AND started_at < $7
            AND ($3::uuid[] IS NULL OR project_id = ANY($3))
        GROUP BY workflow, trigger
        UNION ALL
        SELECT earlier.workflow, earlier.trigger, count(*)
        FROM unnest($8::integer[]) AS node (number)
        CROSS JOIN LATERAL (
            SELECT run_id
            FROM run_span
            WHERE organization_id = $1 AND workspace_id = $2
                AND span_node(first_date, last_date) = node.number
                AND last_date >= $9::date AND first_date < $9::date
            OFFSET 0
        ) AS span
        JOIN pipeline_run AS earlier
            ON earlier.organization_id = $1 AND earlier.id = span.run_id
        WHERE $3::uuid[] IS NULL OR earlier.project_id = ANY($3)
        GROUP BY earlier.workflow, earlier.trigger
    ) AS counted
    GROUP BY workflow, trigger
)
SELECT
    ARRAY(
        SELECT project_id FROM used
        GROUP BY project_id ORDER BY sum(requests) DESC, project_id LIMIT 1000
    ) AS project_ids,
    ARRAY(
        SELECT workflow FROM run WHERE workflow IS NOT NULL
        GROUP BY workflow ORDER BY sum(runs) DESC, workflow LIMIT 1000
    ) AS workflows,
    ARRAY(
        SELECT trigger FROM run WHERE trigger IS NOT NULL
        GROUP BY trigger ORDER BY sum(runs) DESC, trigger LIMIT 1000
    ) AS triggers,
    ARRAY(
        SELECT model FROM used WHERE model <> ''
        GROUP BY model ORDER BY sum(requests) DESC, model LIMIT 1000
    ) AS models;
