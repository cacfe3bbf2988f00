-- Models with transactions that have no price, most tokens first, after a place, in the order of
-- UnpricedModel; days $2 to $3 where given. First and last are sought on the days that the rollup
-- names, among what was not priced since.
WITH day AS (
    SELECT provider, model, local_date, sum(unpriced) AS unpriced,
        sum(input + cache_read + cache_write_5m + cache_write_1h + output + reasoning) AS tokens
    FROM rollup_day
    WHERE organization_id = $1 AND rate_id = '00000000-0000-0000-0000-000000000000'
        AND ($2::date IS NULL OR local_date >= $2)
        AND ($3::date IS NULL OR local_date <= $3)
    GROUP BY provider, model, local_date
    HAVING sum(unpriced) > 0
),
named AS (
    SELECT provider, model, sum(unpriced)::bigint AS unpriced, sum(tokens)::bigint AS tokens,
        min(local_date) AS first_date, max(local_date) AS last_date,
        concat_ws(chr(1), lpad((9223372036854775807 - sum(tokens))::text, 19, '0'), provider,
            model) COLLATE "C" AS key
    FROM day
    GROUP BY provider, model
),
page AS (
    SELECT * FROM named WHERE key > $4::text COLLATE "C" ORDER BY key LIMIT $5
)
SELECT page.key, nullif(page.provider, '') AS provider, page.model, page.unpriced, page.tokens,
    (
        SELECT t.occurred_at
        FROM credit_transaction AS t
        WHERE t.organization_id = $1 AND t.unpriced <> 0 AND t.requests = 1
            AND t.occurred_at >= page.first_date - interval '2 days'
            AND t.occurred_at < page.first_date + interval '3 days'
            AND t.local_date = page.first_date AND t.model = page.model
            AND coalesce(t.provider, '') = page.provider
            AND NOT EXISTS (SELECT FROM credit_transaction AS back
                WHERE back.organization_id = $1 AND back.event_key = t.event_key
                    AND back.part > t.part AND back.unpriced = -1)
        ORDER BY t.occurred_at, t.id
        LIMIT 1
    ) AS first_at,
    (
        SELECT t.occurred_at
        FROM credit_transaction AS t
        WHERE t.organization_id = $1 AND t.unpriced <> 0 AND t.requests = 1
            AND t.occurred_at >= page.last_date - interval '2 days'
            AND t.occurred_at < page.last_date + interval '3 days'
            AND t.local_date = page.last_date AND t.model = page.model
            AND coalesce(t.provider, '') = page.provider
            AND NOT EXISTS (SELECT FROM credit_transaction AS back
                WHERE back.organization_id = $1 AND back.event_key = t.event_key
                    AND back.part > t.part AND back.unpriced = -1)
        ORDER BY t.occurred_at DESC, t.id DESC
        LIMIT 1
    ) AS last_at
FROM page
ORDER BY page.key
