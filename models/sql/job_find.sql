-- Jobs by the callers' keys, as (run, key) pairs, held against other writers in the order in which
-- everybody takes them, and looked up as run_find does.
SELECT j.*
FROM (
    SELECT * FROM unnest($2::uuid[], $3::text[]) AS n (run_id, key) ORDER BY run_id, key
) AS wanted
CROSS JOIN LATERAL (
    SELECT id, project_id, run_id, key, agent_type, initiator, status, started_at, finished_at,
        finished_date
    FROM agent_job
    WHERE organization_id = $1
        AND run_id = wanted.run_id
        AND key >= wanted.key
        AND key <= wanted.key
    ORDER BY key
    FOR NO KEY UPDATE
) AS j;
