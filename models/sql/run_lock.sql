-- Runs as they are now, held against other writers, in the order in which everybody takes them.
SELECT id, project_id, key, parent_id, workflow, trigger, status, started_at, finished_at
FROM pipeline_run
WHERE organization_id = $1 AND id = ANY ($2::uuid[])
ORDER BY project_id, key
FOR NO KEY UPDATE;
