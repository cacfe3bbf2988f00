-- What entries come to from a local day on, in some runs or in all when NULL ($3), by everything
-- through which caps apply to them. Tokens are those of entries without a price. What was spent
-- under a reservation counts where that was made, which may be later than its own day.
SELECT
    e.run_id, e.api_key_id, e.user_id, e.project_id, e.workspace_id, e.reservation_id, e.local_date,
    coalesce(sum(e.cost), 0) AS cost,
    sum(e.unpriced)::bigint AS unpriced,
    coalesce(sum(e.input + e.cache_read + e.cache_write_5m + e.cache_write_1h)
        FILTER (WHERE e.cost IS NULL), 0)::bigint AS input_tokens,
    coalesce(sum(e.output + e.reasoning) FILTER (WHERE e.cost IS NULL), 0)::bigint AS output_tokens,
    coalesce(sum(d.monthly_credits + d.bonus_credits + d.overage_credits), 0) AS credits,
    max(e.occurred_at) AS last_at
FROM credit_transaction AS e
LEFT JOIN credit_deduction AS d ON d.organization_id = $1 AND d.transaction_id = e.id
WHERE e.organization_id = $1
    AND (e.local_date >= $2::date OR e.reservation_id IS NOT NULL)
    AND ($3::uuid[] IS NULL OR e.run_id = ANY ($3))
GROUP BY e.run_id, e.api_key_id, e.user_id, e.project_id, e.workspace_id, e.reservation_id,
    e.local_date;
