-- What an organization used in dollars by local day, on the days $2 to $3, in their order. While
-- its own sums are still to be counted, those of its projects are added up.
SELECT d.local_date, sum(d.cost) AS amount, sum(d.unpriced)::bigint AS unpriced
FROM (
    SELECT r.local_date, r.cost, r.unpriced
    FROM rollup_organization_day AS r
    WHERE r.organization_id = $1 AND r.local_date BETWEEN $2 AND $3
        AND NOT EXISTS (SELECT FROM due_rollup AS due WHERE due.organization_id = $1
            AND due.rollup = 'rollup_organization_day')
    UNION ALL
    SELECT r.local_date, r.cost, r.unpriced
    FROM rollup_hour AS r
    WHERE r.organization_id = $1 AND r.local_date BETWEEN $2 AND $3
        AND EXISTS (SELECT FROM due_rollup AS due WHERE due.organization_id = $1
            AND due.rollup = 'rollup_organization_day')
) AS d
GROUP BY d.local_date
ORDER BY d.local_date;
