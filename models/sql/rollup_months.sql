-- The months from which a project has entries, ended jobs or rollup rows, first and last; rollups
-- are asked too, so that rows which should not be there are found.
SELECT p.id AS project_id, date_trunc('month', least(e.first, j.first, m.first, d.first))::date
        AS first,
    date_trunc('month', greatest(e.last, j.last, m.last, d.last))::date AS last
FROM project AS p
CROSS JOIN LATERAL (
    SELECT (SELECT t.local_date FROM credit_transaction AS t
            WHERE t.organization_id = $1 AND t.project_id = p.id
            ORDER BY t.occurred_at, t.id LIMIT 1) AS first,
        (SELECT t.local_date FROM credit_transaction AS t
            WHERE t.organization_id = $1 AND t.project_id = p.id
            ORDER BY t.occurred_at DESC, t.id DESC LIMIT 1) AS last
) AS e
CROSS JOIN LATERAL (
    SELECT min(a.finished_date) AS first, max(a.finished_date) AS last
    FROM agent_job AS a WHERE a.organization_id = $1 AND a.project_id = p.id
) AS j
CROSS JOIN LATERAL (
    SELECT min(r.month) AS first, max(r.month) AS last
    FROM rollup_month AS r WHERE r.organization_id = $1 AND r.project_id = p.id
) AS m
CROSS JOIN LATERAL (
    SELECT min(r.local_date) AS first, max(r.local_date) AS last
    FROM rollup_project_day AS r WHERE r.organization_id = $1 AND r.project_id = p.id
) AS d
WHERE p.organization_id = $1 AND ($2::uuid IS NULL OR p.id = $2)
    AND coalesce(e.first, j.first, m.first, d.first) IS NOT NULL
ORDER BY p.id;
