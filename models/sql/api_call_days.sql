-- The days between two on which a workspace made calls, latest first, and how many.
SELECT spend.local_date, sum(spend.requests)::bigint AS requests
FROM project
CROSS JOIN LATERAL (
    SELECT local_date, requests
    FROM rollup_project_day
    WHERE organization_id = $1 AND project_id = project.id AND local_date BETWEEN $3 AND $4
    OFFSET 0
) AS spend
WHERE project.organization_id = $1 AND project.workspace_id = $2
GROUP BY spend.local_date
ORDER BY spend.local_date DESC;
