-- What jobs cost so far: the sum of their months.
SELECT
    job_id,
    sum(cost) AS cost,
    sum(unpriced)::bigint AS unpriced,
    sum(input_tokens + output_tokens)::bigint AS total_tokens
FROM rollup_job_month
WHERE organization_id = $1 AND job_id = ANY($2::uuid[])
GROUP BY job_id;
