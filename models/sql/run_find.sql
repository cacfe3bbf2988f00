-- Runs by the callers' keys, as (project, key) pairs, held against other writers in the order in
-- which everybody takes them: most are changed by what is said, and a second look would be another
-- statement.
SELECT r.id, r.project_id, r.key, r.parent_id, r.workflow, r.trigger, r.status, r.started_at,
    r.finished_at
FROM unnest($2::uuid[], $3::text[]) AS wanted (project_id, key)
JOIN pipeline_run AS r
    ON r.organization_id = $1 AND r.project_id = wanted.project_id AND r.key = wanted.key
ORDER BY r.project_id, r.key
FOR NO KEY UPDATE OF r;
