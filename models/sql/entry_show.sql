-- Entries of the ledger by id.
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
    deduction.bonus_credits, deduction.overage_credits
FROM credit_transaction AS page
LEFT JOIN rate
    ON rate.organization_id = $1 AND rate.id = page.rate_id
LEFT JOIN credit_deduction AS deduction
    ON deduction.organization_id = $1 AND deduction.transaction_id = page.id
WHERE page.organization_id = $1 AND page.id = ANY($2::uuid[]);
