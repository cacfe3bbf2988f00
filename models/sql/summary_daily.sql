-- The days with spend between two days of projects.
SELECT
    key.place,
    spend.local_date,
    spend.cost,
    spend.input_tokens + spend.output_tokens AS total_tokens,
    spend.jobs_ended AS job_count,
    spend.unpriced
FROM unnest($2::uuid[], $3::date[], $4::date[])
    WITH ORDINALITY AS key (project_id, first_date, last_date, place)
JOIN rollup_project_day AS spend
    ON spend.organization_id = $1
    AND spend.project_id = key.project_id
    AND spend.local_date BETWEEN key.first_date AND key.last_date;
