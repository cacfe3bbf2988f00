-- Runs by the callers' keys, as (project, key) pairs, held against other writers in the order in
-- which everybody takes them: most are changed by what is said, and a second look would be another
-- statement. Each is looked up by itself, and between bounds instead of by equality, so that only
-- the index by key has them in the order asked for: without statistics (a new database) the planner
-- would otherwise read all of a project's runs.
SELECT r.*
FROM (
    SELECT * FROM unnest($2::uuid[], $3::text[]) AS n (project_id, key) ORDER BY project_id, key
) AS wanted
CROSS JOIN LATERAL (
    SELECT id, project_id, key, parent_id, workflow, trigger, status, started_at, finished_at
    FROM pipeline_run
    WHERE organization_id = $1
        AND project_id = wanted.project_id
        AND key >= wanted.key
        AND key <= wanted.key
    ORDER BY key
    FOR NO KEY UPDATE
) AS r;
