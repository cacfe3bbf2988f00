-- What an organization used in dollars by local day, on the days $2 to $3, in their order.
SELECT d.local_date, sum(d.cost) AS amount, sum(d.unpriced)::bigint AS unpriced
FROM project AS p
JOIN rollup_project_day AS d ON d.organization_id = $1 AND d.project_id = p.id
WHERE p.organization_id = $1 AND d.local_date BETWEEN $2 AND $3
GROUP BY d.local_date
ORDER BY d.local_date;
