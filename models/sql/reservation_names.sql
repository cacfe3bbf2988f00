-- The callers' keys of a reservation's run and job, and the report that ended it.
SELECT r.key AS run_key, j.key AS job_key, j.agent_type, v.final_key, v.final_hash
FROM reservation AS v
LEFT JOIN pipeline_run AS r ON r.organization_id = $1 AND r.id = v.run_id
LEFT JOIN agent_job AS j ON j.organization_id = $1 AND j.id = v.job_id
WHERE v.organization_id = $1 AND v.id = $2;
