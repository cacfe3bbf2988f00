-- Use in credits by surface and bucket: hours from the first of $4 up to $5, on the days $2 to $3,
-- in buckets that begin at the instants $4.
SELECT surface, width_bucket(hour_start, $4::timestamptz[]) AS bucket, sum(credits) AS amount,
    sum(unpriced)::bigint AS unpriced
FROM credit_use_hour
WHERE organization_id = $1
    AND local_date BETWEEN $2 AND $3
    AND hour_start >= ($4::timestamptz[])[1]
    AND hour_start < $5
GROUP BY surface, bucket;
