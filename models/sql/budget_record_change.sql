-- Writes down a change of a project's limit: the audit row.
INSERT INTO billing_setting_change (
    organization_id, id, project_id, key, old_value, new_value, changed_at, changed_by, api_key_id
)
VALUES ($1, $2, $3, 'ai_budget_monthly_limit', $4, $5, $6, $7, $8);
