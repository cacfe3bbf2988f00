-- The first day of each local month in which any of the runs $2 cost anything.
SELECT month
FROM rollup_run_month
WHERE organization_id = $1 AND run_id = ANY($2::uuid[]) AND cost > 0
GROUP BY month
ORDER BY month;
