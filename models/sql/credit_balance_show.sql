-- An organization's balance, in the cycle in which it was last written.
SELECT
    billing_mode, plan, monthly_credits, credits_per_dollar, included_dollars, credits_from,
    limit_from, cycle_start, cycle_end, monthly_granted, monthly_used, bonus_granted, bonus_used,
    overage, held, running_total, on_demand, exhausted_at, deductions
FROM credit_balance
WHERE organization_id = $1;
