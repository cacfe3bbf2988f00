-- What a person ($2) cost on each of the local days $3 to $4, and in which projects.
SELECT local_date, sum(cost) AS cost, array_agg(project_id) AS project_ids
FROM rollup_user_day
WHERE organization_id = $1 AND user_id = $2 AND local_date BETWEEN $3 AND $4
GROUP BY local_date
HAVING sum(cost) > 0
ORDER BY local_date;
