-- What an organization used in credits by local day, on the days $2 to $3, in their order.
SELECT local_date, sum(credits) AS amount, sum(unpriced)::bigint AS unpriced
FROM credit_use_hour
WHERE organization_id = $1 AND local_date BETWEEN $2 AND $3
GROUP BY local_date
ORDER BY local_date;
