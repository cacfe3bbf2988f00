-- The runs of several projects, newest start first, after a position of each.
SELECT page.*, key.place
FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::uuid[])
    WITH ORDINALITY AS key (project_id, size, before_at, before_id, place)
CROSS JOIN LATERAL (
    SELECT
        id, organization_id, project_id, parent_id, key, workflow, trigger, status, started_at,
        finished_at
    FROM pipeline_run
    WHERE organization_id = $1
        AND project_id = key.project_id
        AND (started_at, id) < (key.before_at, key.before_id)
    ORDER BY started_at DESC, id DESC
    LIMIT key.size
) AS page
ORDER BY key.place, page.started_at DESC, page.id DESC;
