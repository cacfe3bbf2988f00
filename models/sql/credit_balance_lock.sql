-- Holds an organization's balance against everybody else who posts; the row as it is now, and the
-- organization's dated zones.
SELECT
    billing_mode, plan, monthly_credits, credits_per_dollar, included_dollars, credits_from,
    limit_from, cycle_start, cycle_end, monthly_granted, monthly_used, bonus_granted, bonus_used,
    overage, held, running_total, on_demand, exhausted_at, deductions,
    ARRAY(
        SELECT starts_at FROM organization_time_zone WHERE organization_id = $1 ORDER BY starts_at
    ) AS zone_starts,
    ARRAY(
        SELECT time_zone FROM organization_time_zone WHERE organization_id = $1 ORDER BY starts_at
    ) AS zone_names
FROM credit_balance
WHERE organization_id = $1
FOR NO KEY UPDATE;
