-- Jobs by the callers' keys, as (run, key) pairs, held against other writers in the order in which
-- everybody takes them.
SELECT j.id, j.project_id, j.run_id, j.key, j.agent_type, j.initiator, j.status, j.started_at,
    j.finished_at, j.finished_date
FROM unnest($2::uuid[], $3::text[]) AS wanted (run_id, key)
JOIN agent_job AS j
    ON j.organization_id = $1 AND j.run_id = wanted.run_id AND j.key = wanted.key
ORDER BY j.run_id, j.key
FOR NO KEY UPDATE OF j;
