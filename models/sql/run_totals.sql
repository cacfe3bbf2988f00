-- What runs cost over their whole lives: the sum of their months.
SELECT
    run_id,
    sum(cost) AS cost,
    sum(unpriced)::bigint AS unpriced,
    sum(input_tokens + output_tokens)::bigint AS total_tokens,
    sum(jobs_ended)::bigint AS jobs_ended
FROM rollup_run_month
WHERE organization_id = $1 AND run_id = ANY($2::uuid[])
GROUP BY run_id;
