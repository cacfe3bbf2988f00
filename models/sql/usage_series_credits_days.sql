-- Use in credits by surface and bucket: days $2 to $3, buckets that begin with the days $4.
SELECT surface, width_bucket(local_date, $4::date[]) AS bucket, sum(credits) AS amount,
    sum(unpriced)::bigint AS unpriced
FROM credit_use_hour
WHERE organization_id = $1 AND local_date BETWEEN $2 AND $3
GROUP BY surface, bucket;
