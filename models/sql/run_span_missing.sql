-- Runs that spent in a project's month on a day (in UTC) to which their span does not reach: none.
SELECT count(DISTINCT r.id)
FROM rollup_run_hour AS h
JOIN pipeline_run AS r
    ON r.organization_id = $1 AND r.id = h.run_id
LEFT JOIN run_span AS s
    ON s.organization_id = $1 AND s.run_id = r.id
WHERE h.organization_id = $1 AND h.project_id = $2 AND h.local_date >= $3 AND h.local_date < $4
    AND (h.hour_start AT TIME ZONE 'UTC')::date > (r.started_at AT TIME ZONE 'UTC')::date
    AND (s.run_id IS NULL OR s.first_date > (r.started_at AT TIME ZONE 'UTC')::date
        OR s.last_date < (h.hour_start AT TIME ZONE 'UTC')::date);
