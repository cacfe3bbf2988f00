-- Jobs as they are now, held against other writers, in the order in which everybody takes them.
SELECT id, project_id, run_id, key, agent_type, initiator, status, started_at, finished_at,
    finished_date
FROM agent_job
WHERE organization_id = $1 AND id = ANY ($2::uuid[])
ORDER BY run_id, key
FOR NO KEY UPDATE;
