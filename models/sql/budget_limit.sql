-- A project's limit. A statement of its own after the lock: one with the lock in it would still see
-- what it saw before it waited.
SELECT value
FROM billing_setting
WHERE organization_id = $1 AND project_id = $2 AND key = 'ai_budget_monthly_limit';
