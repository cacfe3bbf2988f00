-- Writes a project's limit.
INSERT INTO billing_setting (organization_id, project_id, key, value, updated_at, updated_by)
VALUES ($1, $2, 'ai_budget_monthly_limit', $3, $4, $5)
ON CONFLICT (organization_id, project_id, key) DO UPDATE
SET value = EXCLUDED.value, updated_at = EXCLUDED.updated_at, updated_by = EXCLUDED.updated_by;
