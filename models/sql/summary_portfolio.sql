-- One month ($2) of many projects, with the month before ($3) and the limit in force: now, or at
-- the instant $4 at which the month ended. Projects are those of $5, or all when NULL.
SELECT
    project.id, project.organization_id, project.workspace_id, project.owner_id, project.name,
    project.created_at,
    statement_timestamp() AS as_of, spend.cost, spend.total_tokens, spend.jobs_ended,
    spend.unpriced,
    previous.cost AS previous_cost,
    CASE WHEN $4::timestamptz IS NULL THEN (
        SELECT value
        FROM billing_setting
        WHERE organization_id = $1
            AND project_id = project.id
            AND key = 'ai_budget_monthly_limit'
    ) ELSE (
        SELECT new_value
        FROM billing_setting_change
        WHERE organization_id = $1
            AND project_id = project.id
            AND key = 'ai_budget_monthly_limit'
            AND changed_at < $4
        ORDER BY changed_at DESC, id DESC
        LIMIT 1
    ) END AS budget_limit
FROM project
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(cost), 0) AS cost,
        coalesce(sum(input_tokens + output_tokens), 0)::bigint AS total_tokens,
        coalesce(sum(jobs_ended), 0)::bigint AS jobs_ended,
        coalesce(sum(unpriced), 0)::bigint AS unpriced
    FROM rollup_month
    WHERE organization_id = $1 AND project_id = project.id AND month = $2::date
) AS spend
CROSS JOIN LATERAL (
    SELECT coalesce(sum(cost), 0) AS cost
    FROM rollup_month
    WHERE organization_id = $1 AND project_id = project.id AND month = $3::date
) AS previous
WHERE project.organization_id = $1
    AND ($5::uuid[] IS NULL OR project.id = ANY($5));
