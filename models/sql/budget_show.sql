-- The limits of projects, what was spent in a month of theirs ($3), and the latest change.
SELECT
    key.project_id,
    setting.value AS budget_limit,
    (
        SELECT coalesce(sum(cost), 0)
        FROM rollup_month
        WHERE organization_id = $1 AND project_id = key.project_id AND month = $3::date
    ) AS spent,
    latest.changed_at, latest.changed_by
FROM unnest($2::uuid[]) AS key (project_id)
LEFT JOIN billing_setting AS setting
    ON setting.organization_id = $1
    AND setting.project_id = key.project_id
    AND setting.key = 'ai_budget_monthly_limit'
LEFT JOIN LATERAL (
    SELECT changed_at, changed_by
    FROM billing_setting_change
    WHERE organization_id = $1
        AND project_id = key.project_id
        AND billing_setting_change.key = 'ai_budget_monthly_limit'
    ORDER BY changed_at DESC, id DESC
    LIMIT 1
) AS latest ON true;
