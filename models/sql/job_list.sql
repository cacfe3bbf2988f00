-- The jobs of several runs, oldest first, after a position of each.
SELECT page.*, key.place
FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::uuid[])
    WITH ORDINALITY AS key (run_id, size, after_at, after_id, place)
CROSS JOIN LATERAL (
    SELECT
        id, organization_id, project_id, run_id, key, agent_type, initiator, status, started_at,
        finished_at
    FROM agent_job
    WHERE organization_id = $1
        AND run_id = key.run_id
        AND (started_at, id) > (key.after_at, key.after_id)
    ORDER BY started_at, id
    LIMIT key.size
) AS page
ORDER BY key.place, page.started_at, page.id;
