-- The most expensive runs of months of projects, highest cost first.
SELECT
    run.id, run.organization_id, run.project_id, run.parent_id, run.key, run.workflow, run.trigger,
    run.status, run.started_at, run.finished_at,
    top.cost, top.unpriced, top.total_tokens, top.jobs_ended, key.place
FROM unnest($2::uuid[], $3::date[], $4::int[])
    WITH ORDINALITY AS key (project_id, month, size, place)
CROSS JOIN LATERAL (
    SELECT
        run_id, cost, unpriced, jobs_ended, input_tokens + output_tokens AS total_tokens
    FROM rollup_run_month
    WHERE organization_id = $1
        AND project_id = key.project_id
        AND month = key.month
        AND (cost <> 0 OR unpriced <> 0 OR requests <> 0 OR jobs_ended <> 0)
    ORDER BY cost DESC, run_id
    LIMIT key.size
) AS top
JOIN pipeline_run AS run
    ON run.organization_id = $1 AND run.id = top.run_id
ORDER BY key.place, top.cost DESC, run.id;
