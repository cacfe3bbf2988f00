-- What was spent on a thing ($2 is its kind, $3 its id) from a local day on, by day; of a run, in
-- its whole life and those of the runs that it started, as if on one day. What was spent earlier
-- under reservations that the cap ($5) holds counts where it holds them, as if on the first day.
WITH RECURSIVE below (run_id) AS (
    SELECT $3::uuid WHERE $2::text = 'RUN'
    UNION
    SELECT run.id
    FROM below
    JOIN pipeline_run AS run ON run.organization_id = $1 AND run.parent_id = below.run_id
),
within AS (
    SELECT p.id
    FROM project AS p
    JOIN workspace AS w ON w.organization_id = $1 AND w.id = p.workspace_id
    WHERE p.organization_id = $1 AND CASE $2
        WHEN 'ORGANIZATION' THEN true
        WHEN 'WORKSPACE_GROUP' THEN w.group_id = $3
        WHEN 'WORKSPACE' THEN w.id = $3
        WHEN 'PROJECT' THEN p.id = $3
        ELSE false END
)
SELECT d.local_date, sum(d.cost) AS cost, sum(d.unpriced)::bigint AS unpriced
FROM (
    SELECT day.local_date, day.cost, day.unpriced
    FROM within
    JOIN rollup_project_day AS day ON day.organization_id = $1 AND day.project_id = within.id
        AND day.local_date >= $4::date
    UNION ALL
    SELECT day.local_date, day.cost, day.unpriced
    FROM project AS p
    JOIN rollup_key_day AS day ON day.organization_id = $1 AND day.project_id = p.id
        AND day.local_date >= $4 AND day.api_key_id = $3
    WHERE p.organization_id = $1 AND $2 = 'API_KEY'
    UNION ALL
    SELECT day.local_date, day.cost, day.unpriced
    FROM rollup_user_day AS day
    WHERE day.organization_id = $1 AND day.local_date >= $4 AND day.user_id = $3 AND $2 = 'USER'
    UNION ALL
    SELECT '1970-01-01'::date, month.cost, month.unpriced
    FROM below
    JOIN rollup_run_month AS month ON month.organization_id = $1 AND month.run_id = below.run_id
    UNION ALL
    SELECT $4, t.cost, t.unpriced
    FROM reservation_cap AS h
    JOIN credit_transaction AS t ON t.organization_id = $1
        AND t.reservation_id = h.reservation_id AND t.local_date < $4
    WHERE h.organization_id = $1 AND h.cap_id = $5::uuid
) AS d
GROUP BY d.local_date;
