-- Agent jobs by id.
SELECT
    id, organization_id, project_id, run_id, key, agent_type, initiator, status, started_at,
    finished_at
FROM agent_job
WHERE organization_id = $1 AND id = ANY($2::uuid[]);
