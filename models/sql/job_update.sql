-- Jobs as they are to be; they are held since job_lock.
UPDATE agent_job AS j
SET initiator = n.initiator, status = n.status, started_at = n.started_at,
    finished_at = n.finished_at, finished_date = n.finished_date
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::date[])
    AS n (id, initiator, status, started_at, finished_at, finished_date)
WHERE j.organization_id = $1 AND j.id = n.id;
