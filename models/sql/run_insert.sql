-- New runs in the order of their keys; one that somebody else made meanwhile does not return.
INSERT INTO pipeline_run (organization_id, id, project_id, workspace_id, key, workflow, trigger,
    status, started_at, finished_at, created_at)
SELECT $1, n.id, n.project_id, n.workspace_id, n.key, n.workflow, n.trigger, n.status,
    n.started_at, n.finished_at, $2
FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::timestamptz[])
    AS n (id, project_id, workspace_id, key, workflow, trigger, status, started_at, finished_at)
ORDER BY n.project_id, n.key
ON CONFLICT (organization_id, project_id, key) DO NOTHING
RETURNING id;
