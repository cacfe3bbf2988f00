-- Makes a locked balance what a recount says.
UPDATE credit_balance
SET monthly_granted = $2, monthly_used = $3, bonus_granted = $4, bonus_used = $5, overage = $6,
    running_total = $7, on_demand = $8, deductions = $9, held = $10
WHERE organization_id = $1;
