-- How many calls there are to look at between two days: all, or ($5) those without a price.
SELECT coalesce(sum(CASE WHEN $5 THEN unpriced ELSE requests END), 0)::bigint
FROM rollup_day
WHERE organization_id = $1 AND local_date BETWEEN $2 AND $3
    AND ($4::text[] IS NULL OR model = ANY ($4));
