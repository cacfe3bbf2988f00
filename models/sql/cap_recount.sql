-- What entries come to from an instant on ($2), in some runs ($3) of some projects ($4), or in all
-- when NULL, by everything through which caps apply to them. Tokens are those of entries without a
-- price. What was spent under a reservation counts where that was made, which may be later than its
-- own day.
WITH looked_at AS (
    SELECT t.*
    FROM project AS p
    JOIN credit_transaction AS t ON t.organization_id = $1 AND t.project_id = p.id
        AND t.occurred_at >= $2::timestamptz
    WHERE p.organization_id = $1
        AND ($4::uuid[] IS NULL OR p.id = ANY ($4))
        AND ($3::uuid[] IS NULL OR t.run_id = ANY ($3))
    UNION ALL
    SELECT t.*
    FROM credit_transaction AS t
    WHERE t.organization_id = $1 AND t.reservation_id IS NOT NULL AND t.occurred_at < $2
        AND ($3 IS NULL OR t.run_id = ANY ($3))
)
SELECT
    e.run_id, e.api_key_id, e.user_id, e.project_id, e.workspace_id, e.reservation_id, e.local_date,
    coalesce(sum(e.cost), 0) AS cost,
    sum(e.unpriced)::bigint AS unpriced,
    coalesce(sum(e.input + e.cache_read + e.cache_write_5m + e.cache_write_1h)
        FILTER (WHERE e.cost IS NULL), 0)::bigint AS input_tokens,
    coalesce(sum(e.output + e.reasoning) FILTER (WHERE e.cost IS NULL), 0)::bigint AS output_tokens,
    coalesce(sum(d.monthly_credits + d.bonus_credits + d.overage_credits), 0) AS credits,
    max(e.occurred_at) AS last_at
FROM looked_at AS e
LEFT JOIN credit_deduction AS d ON d.organization_id = $1 AND d.transaction_id = e.id
GROUP BY e.run_id, e.api_key_id, e.user_id, e.project_id, e.workspace_id, e.reservation_id,
    e.local_date;
