-- Some runs and all that they started, and those started in turn; no entry is older than its run.
WITH RECURSIVE below (id) AS (
    SELECT id FROM unnest($2::uuid[]) AS named (id)
    UNION
    SELECT run.id
    FROM below
    JOIN pipeline_run AS run ON run.organization_id = $1 AND run.parent_id = below.id
)
SELECT run.id, run.project_id, run.started_at
FROM below
JOIN pipeline_run AS run ON run.organization_id = $1 AND run.id = below.id;
