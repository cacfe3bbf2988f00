-- Ids of runs by their keys, looked up one by one for the reason that ledger_context gives.
SELECT r.id, r.project_id, r.key
FROM unnest($2::uuid[], $3::text[]) AS n (project_id, key)
CROSS JOIN LATERAL (
    SELECT id, project_id, key
    FROM pipeline_run
    WHERE organization_id = $1
        AND project_id = n.project_id
        AND key >= n.key
        AND key <= n.key
    ORDER BY key
) AS r;
