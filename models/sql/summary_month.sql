-- Months of projects by agent type, each with the cost of the month before and the limit in force:
-- now, or at the instant at which the month ended. A month without spend has one row, of NULLs.
WITH subject AS MATERIALIZED (
    SELECT
        key.place, key.project_id, key.month,
        (
            SELECT coalesce(sum(cost), 0)
            FROM rollup_month
            WHERE organization_id = $1
                AND project_id = key.project_id
                AND month = key.previous_month
        ) AS previous_cost,
        CASE WHEN key.ended_at IS NULL THEN (
            SELECT value
            FROM billing_setting
            WHERE organization_id = $1
                AND project_id = key.project_id
                AND billing_setting.key = 'ai_budget_monthly_limit'
        ) ELSE (
            SELECT new_value
            FROM billing_setting_change
            WHERE organization_id = $1
                AND project_id = key.project_id
                AND billing_setting_change.key = 'ai_budget_monthly_limit'
                AND changed_at < key.ended_at
            ORDER BY changed_at DESC, id DESC
            LIMIT 1
        ) END AS budget_limit
    FROM unnest($2::uuid[], $3::date[], $4::date[], $5::timestamptz[])
        WITH ORDINALITY AS key (project_id, month, previous_month, ended_at, place)
)
SELECT
    subject.place, statement_timestamp() AS as_of, subject.previous_cost, subject.budget_limit,
    spend.agent_type, spend.cost, spend.input_tokens, spend.output_tokens, spend.unpriced,
    spend.jobs_ended, spend.jobs_succeeded, spend.requests
FROM subject
LEFT JOIN rollup_month AS spend
    ON spend.organization_id = $1
    AND spend.project_id = subject.project_id
    AND spend.month = subject.month;
