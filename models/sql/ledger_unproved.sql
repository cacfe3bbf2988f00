-- How many entries of a project and month there are, and how many whose cost is not what their
-- tokens come to at their rate.
SELECT count(*) AS checked,
    count(*) FILTER (WHERE t.cost IS DISTINCT FROM (
        (t.input * r.input + t.cache_read * r.cache_read + t.cache_write_5m * r.cache_write_5m
            + t.cache_write_1h * r.cache_write_1h + t.output * r.output
            + t.reasoning * r.reasoning) * 0.000001
        + t.requests * r.request * 0.001)) AS wrong
FROM credit_transaction AS t
LEFT JOIN rate AS r ON r.organization_id = $1 AND r.id = t.rate_id
WHERE t.organization_id = $1 AND t.project_id = $2
    AND t.occurred_at >= $3::date - interval '2 days'
    AND t.occurred_at < $4::date + interval '2 days'
    AND t.local_date >= $3 AND t.local_date < $4;
