-- One pipeline run of a project by the caller's key.
SELECT
    id, organization_id, project_id, parent_id, key, workflow, trigger, status, started_at,
    finished_at
FROM pipeline_run
WHERE organization_id = $1 AND project_id = $2 AND key = $3;
