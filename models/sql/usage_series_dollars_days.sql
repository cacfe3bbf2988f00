-- Use in dollars by surface and bucket: days $2 to $3, buckets that begin with the days $4. While
-- the organization's own sums are still to be counted, those of its projects are added up.
SELECT surface, width_bucket(local_date, $4::date[]) AS bucket, sum(cost) AS amount,
    sum(unpriced)::bigint AS unpriced
FROM (
    SELECT r.local_date, r.surface, r.cost, r.unpriced
    FROM rollup_organization_day AS r
    WHERE r.organization_id = $1 AND r.local_date BETWEEN $2 AND $3
        AND NOT EXISTS (SELECT FROM due_rollup AS due WHERE due.organization_id = $1
            AND due.rollup = 'rollup_organization_day')
    UNION ALL
    SELECT r.local_date, r.surface, r.cost, r.unpriced
    FROM rollup_hour AS r
    WHERE r.organization_id = $1 AND r.local_date BETWEEN $2 AND $3
        AND EXISTS (SELECT FROM due_rollup AS due WHERE due.organization_id = $1
            AND due.rollup = 'rollup_organization_day')
) AS spent
GROUP BY surface, bucket;
