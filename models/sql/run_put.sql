-- Runs as merged, new ones and those held since run_find, in the order of their keys. One whose key
-- somebody else took meanwhile does not return. By the unique key rather than by a join: whatever
-- the planner knows of a young table, it then looks each one up.
INSERT INTO pipeline_run AS r (organization_id, id, project_id, workspace_id, parent_id, key,
    workflow, trigger, status, started_at, finished_at, created_at)
SELECT $1, n.id, n.project_id, n.workspace_id, n.parent_id, n.key, n.workflow, n.trigger, n.status,
    n.started_at, n.finished_at, $2
FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::timestamptz[], $12::timestamptz[])
    AS n (id, project_id, workspace_id, parent_id, key, workflow, trigger, status, started_at,
        finished_at)
ORDER BY n.project_id, n.key
ON CONFLICT (organization_id, project_id, key) DO UPDATE
SET parent_id = EXCLUDED.parent_id, workflow = EXCLUDED.workflow, trigger = EXCLUDED.trigger,
    status = EXCLUDED.status, started_at = EXCLUDED.started_at, finished_at = EXCLUDED.finished_at
WHERE r.id = EXCLUDED.id
RETURNING r.id;
