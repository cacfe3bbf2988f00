-- Pipeline runs by id.
SELECT
    id, organization_id, project_id, parent_id, key, workflow, trigger, status, started_at,
    finished_at
FROM pipeline_run
WHERE organization_id = $1 AND id = ANY($2::uuid[]);
