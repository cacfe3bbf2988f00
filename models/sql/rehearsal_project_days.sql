-- What projects $2 cost on each of the local days $3 to $4 on which they cost anything.
SELECT local_date, sum(cost) AS cost, '{}'::uuid[] AS project_ids
FROM rollup_project_day
WHERE organization_id = $1 AND project_id = ANY($2::uuid[]) AND local_date BETWEEN $3 AND $4
GROUP BY local_date
HAVING sum(cost) > 0
ORDER BY local_date;
