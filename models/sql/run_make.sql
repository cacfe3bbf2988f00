-- Runs that begin now, by their keys. One that somebody else began meanwhile is left alone, and not
-- waited for where he holds it: he may be waiting for what is made here.
INSERT INTO pipeline_run AS r (organization_id, id, project_id, workspace_id, key, status,
    started_at, created_at)
SELECT $1, n.id, n.project_id, n.workspace_id, n.key, 'RUNNING', $6, $6
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[]) AS n (id, project_id, workspace_id, key)
ORDER BY n.project_id, n.key
ON CONFLICT (organization_id, project_id, key) DO NOTHING
RETURNING r.id, r.project_id, r.key;
