-- The months from which an organization has rows of its own rollups, or rows that these add up,
-- first and last; NULL without any.
SELECT date_trunc('month', min(d.local_date))::date AS first,
    date_trunc('month', max(d.local_date))::date AS last
FROM (
    SELECT unnest(ARRAY[min(r.local_date), max(r.local_date)]) AS local_date
    FROM rollup_hour AS r WHERE r.organization_id = $1
    UNION ALL
    SELECT unnest(ARRAY[min(r.local_date), max(r.local_date)])
    FROM rollup_user_day AS r WHERE r.organization_id = $1
    UNION ALL
    SELECT unnest(ARRAY[min(r.local_date), max(r.local_date)])
    FROM rollup_organization_hour AS r WHERE r.organization_id = $1
    UNION ALL
    SELECT unnest(ARRAY[min(r.local_date), max(r.local_date)])
    FROM rollup_organization_day AS r WHERE r.organization_id = $1
    UNION ALL
    SELECT unnest(ARRAY[min(r.local_date), max(r.local_date)])
    FROM rollup_organization_user_day AS r WHERE r.organization_id = $1
) AS d;
