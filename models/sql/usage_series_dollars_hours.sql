-- Use in dollars by surface and bucket: hours from the first of $4 up to $5, on the days $2 to $3,
-- in buckets that begin at the instants $4. While the organization's own sums are still to be
-- counted, those of its projects are added up.
SELECT surface, width_bucket(hour_start, $4::timestamptz[]) AS bucket, sum(cost) AS amount,
    sum(unpriced)::bigint AS unpriced
FROM (
    SELECT r.hour_start, r.surface, r.cost, r.unpriced
    FROM rollup_organization_hour AS r
    WHERE r.organization_id = $1 AND r.local_date BETWEEN $2 AND $3
        AND r.hour_start >= ($4::timestamptz[])[1] AND r.hour_start < $5
        AND NOT EXISTS (SELECT FROM due_rollup AS due WHERE due.organization_id = $1
            AND due.rollup = 'rollup_organization_hour')
    UNION ALL
    SELECT r.hour_start, r.surface, r.cost, r.unpriced
    FROM rollup_hour AS r
    WHERE r.organization_id = $1 AND r.local_date BETWEEN $2 AND $3
        AND r.hour_start >= ($4::timestamptz[])[1] AND r.hour_start < $5
        AND EXISTS (SELECT FROM due_rollup AS due WHERE due.organization_id = $1
            AND due.rollup = 'rollup_organization_hour')
) AS spent
GROUP BY surface, bucket;
