-- The months with spend between two months of projects.
SELECT
    key.place,
    spend.month,
    sum(spend.cost) AS cost,
    sum(spend.input_tokens + spend.output_tokens)::bigint AS total_tokens,
    sum(spend.jobs_ended)::bigint AS job_count,
    sum(spend.unpriced)::bigint AS unpriced
FROM unnest($2::uuid[], $3::date[], $4::date[])
    WITH ORDINALITY AS key (project_id, first_month, last_month, place)
JOIN rollup_month AS spend
    ON spend.organization_id = $1
    AND spend.project_id = key.project_id
    AND spend.month BETWEEN key.first_month AND key.last_month
GROUP BY key.place, spend.month;
