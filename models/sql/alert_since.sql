-- The first local day by whose end what a target (scope $2, id $3) spent in dollars from day $4 up
-- to day $5 had come to $6; targets of which that is not known have no row.
WITH wanted AS (
    SELECT *
    FROM unnest($2::text[], $3::uuid[], $4::date[], $5::date[], $6::numeric[])
        WITH ORDINALITY AS n (scope, target_id, first_date, last_date, threshold, place)
),
spent AS (
    SELECT n.place, n.threshold, d.local_date, sum(d.cost) AS cost
    FROM wanted AS n
    JOIN project AS p ON p.organization_id = $1
    JOIN workspace AS w ON w.organization_id = $1 AND w.id = p.workspace_id
    JOIN rollup_project_day AS d ON d.organization_id = $1 AND d.project_id = p.id
        AND d.local_date BETWEEN n.first_date AND n.last_date
    WHERE n.scope = 'ORGANIZATION'
        OR n.scope = 'WORKSPACE_GROUP' AND w.group_id = n.target_id
        OR n.scope = 'WORKSPACE' AND w.id = n.target_id
        OR n.scope = 'PROJECT' AND p.id = n.target_id
    GROUP BY n.place, n.threshold, d.local_date
    UNION ALL
    SELECT n.place, n.threshold, d.local_date, sum(d.cost)
    FROM wanted AS n
    JOIN rollup_user_day AS d ON d.organization_id = $1 AND d.user_id = n.target_id
        AND d.local_date BETWEEN n.first_date AND n.last_date
    WHERE n.scope = 'USER'
    GROUP BY n.place, n.threshold, d.local_date
),
summed AS (
    SELECT place, threshold, local_date,
        sum(cost) OVER (PARTITION BY place ORDER BY local_date) AS total
    FROM spent
)
SELECT place, min(local_date) AS local_date
FROM summed
WHERE total >= threshold AND total > 0
GROUP BY place;
