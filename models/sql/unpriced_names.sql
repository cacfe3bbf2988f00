-- Every model with transactions that have no price, and the days between which they lie.
SELECT nullif(day.provider, '') AS provider, day.model, min(day.local_date) AS first_date,
    max(day.local_date) AS last_date
FROM (
    SELECT provider, model, local_date
    FROM rollup_day
    WHERE organization_id = $1 AND rate_id = '00000000-0000-0000-0000-000000000000'
    GROUP BY provider, model, local_date
    HAVING sum(unpriced) > 0
) AS day
GROUP BY day.provider, day.model;
