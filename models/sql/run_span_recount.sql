-- Spans of the runs that spent in a project's month, from what they spent by the hour.
INSERT INTO run_span AS known (organization_id, run_id, workspace_id, first_date, last_date)
SELECT $1, r.id, r.workspace_id, (r.started_at AT TIME ZONE 'UTC')::date,
    (spent.last_at AT TIME ZONE 'UTC')::date
FROM (
    SELECT run_id, max(hour_start) + interval '1 hour' AS last_at
    FROM rollup_run_hour
    WHERE organization_id = $1 AND project_id = $2 AND local_date >= $3 AND local_date < $4
    GROUP BY run_id
) AS spent
JOIN pipeline_run AS r
    ON r.organization_id = $1 AND r.id = spent.run_id
WHERE (r.started_at AT TIME ZONE 'UTC')::date < (spent.last_at AT TIME ZONE 'UTC')::date
ON CONFLICT (organization_id, run_id) DO UPDATE
SET first_date = least(known.first_date, EXCLUDED.first_date),
    last_date = greatest(known.last_date, EXCLUDED.last_date)
WHERE known.first_date > EXCLUDED.first_date OR known.last_date < EXCLUDED.last_date;
