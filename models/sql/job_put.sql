-- Jobs as merged, new ones and those held since job_find, in the order of their keys. One whose key
-- somebody else took meanwhile does not return.
INSERT INTO agent_job AS j (organization_id, id, project_id, run_id, key, agent_type, initiator,
    status, started_at, finished_at, finished_date, created_at)
SELECT $1, n.id, n.project_id, n.run_id, n.key, n.agent_type, n.initiator, n.status, n.started_at,
    n.finished_at, n.finished_date, $2
FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::date[])
    AS n (id, project_id, run_id, key, agent_type, initiator, status, started_at, finished_at,
        finished_date)
ORDER BY n.run_id, n.key
ON CONFLICT (organization_id, run_id, key) DO UPDATE
SET initiator = EXCLUDED.initiator, status = EXCLUDED.status, started_at = EXCLUDED.started_at,
    finished_at = EXCLUDED.finished_at, finished_date = EXCLUDED.finished_date
WHERE j.id = EXCLUDED.id
RETURNING j.id;
