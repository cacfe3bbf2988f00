-- Takes a project's limit away.
DELETE FROM billing_setting
WHERE organization_id = $1 AND project_id = $2 AND key = 'ai_budget_monthly_limit';
