-- Writes a balance that is locked, or makes it; what is held is not touched.
INSERT INTO credit_balance AS b (organization_id, billing_mode, plan, monthly_credits,
    credits_per_dollar, included_dollars, credits_from, limit_from, cycle_start, cycle_end,
    monthly_granted, monthly_used, bonus_granted, bonus_used, overage, running_total, on_demand,
    exhausted_at, deductions)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (organization_id) DO UPDATE SET
    billing_mode = EXCLUDED.billing_mode,
    plan = EXCLUDED.plan,
    monthly_credits = EXCLUDED.monthly_credits,
    credits_per_dollar = EXCLUDED.credits_per_dollar,
    included_dollars = EXCLUDED.included_dollars,
    credits_from = EXCLUDED.credits_from,
    limit_from = EXCLUDED.limit_from,
    cycle_start = EXCLUDED.cycle_start,
    cycle_end = EXCLUDED.cycle_end,
    monthly_granted = EXCLUDED.monthly_granted,
    monthly_used = EXCLUDED.monthly_used,
    bonus_granted = EXCLUDED.bonus_granted,
    bonus_used = EXCLUDED.bonus_used,
    overage = EXCLUDED.overage,
    running_total = EXCLUDED.running_total,
    on_demand = EXCLUDED.on_demand,
    exhausted_at = EXCLUDED.exhausted_at,
    deductions = EXCLUDED.deductions;
