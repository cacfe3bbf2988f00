-- Runs as merged; they are held since run_find.
UPDATE pipeline_run AS r
SET parent_id = n.parent_id, workflow = n.workflow, trigger = n.trigger, status = n.status,
    started_at = n.started_at, finished_at = n.finished_at
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
    $8::timestamptz[])
    AS n (id, parent_id, workflow, trigger, status, started_at, finished_at)
WHERE r.organization_id = $1 AND r.id = n.id;
