-- Entries of the ledgers of several projects, newest first, after a position of each. Filters are
-- met when NULL: kinds $7, agent types $8, run $9, model $10, unpriced or not $11.
SELECT
    page.id, page.organization_id, page.project_id, page.run_id, page.job_id, page.kind,
    page.occurred_at, page.recorded_at, page.cost, page.source_cost, page.agent_type,
    page.initiator, page.surface, page.api_key_id, page.user_id, page.provider, page.model,
    page.operation, page.outcome, page.input, page.cache_read, page.cache_write_5m,
    page.cache_write_1h, page.output, page.reasoning, page.duration_ms, page.event_key,
    page.report_key, page.reason, page.corrects_id,
    rate.input AS input_price, rate.output AS output_price,
    deduction.on_demand_cost,
    CASE WHEN deduction.credits_per_dollar IS NOT NULL THEN deduction.monthly_credits END
        AS monthly_credits,
    deduction.bonus_credits, deduction.overage_credits,
    key.place
FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::uuid[])
    WITH ORDINALITY AS key (project_id, size, before_at, before_id, place)
CROSS JOIN LATERAL (
    SELECT *
    FROM credit_transaction
    WHERE organization_id = $1
        AND project_id = key.project_id
        AND (occurred_at, id) < (key.before_at, key.before_id)
        AND occurred_at >= $6
        AND ($7::text[] IS NULL OR kind = ANY($7))
        AND ($8::text[] IS NULL OR agent_type = ANY($8))
        AND ($9::uuid IS NULL OR run_id = $9)
        AND ($10::text IS NULL OR model = $10)
        AND ($11::boolean IS NULL OR (cost IS NULL) = $11)
    ORDER BY occurred_at DESC, id DESC
    LIMIT key.size
) AS page
LEFT JOIN rate
    ON rate.organization_id = $1 AND rate.id = page.rate_id
LEFT JOIN credit_deduction AS deduction
    ON deduction.organization_id = $1 AND deduction.transaction_id = page.id
ORDER BY key.place, page.occurred_at DESC, page.id DESC;
