-- Projects by name, after a position: those of $2, or all when NULL. Filters are met when NULL:
-- workspace $3, owner $4, and status $5 of the budget in the month $6.
SELECT id, organization_id, workspace_id, owner_id, name, created_at
FROM project
WHERE organization_id = $1
    AND ($2::uuid[] IS NULL OR id = ANY($2))
    AND ($3::uuid IS NULL OR workspace_id = $3)
    AND ($4::uuid IS NULL OR owner_id = $4)
    AND ($5::text IS NULL OR $5 = (
        SELECT CASE
            WHEN budget.amount IS NULL THEN 'NONE'
            WHEN spend.cost > 0 AND spend.cost >= budget.amount THEN 'EXCEEDED'
            WHEN spend.cost > 0 AND spend.cost * 100 >= budget.amount * 80 THEN 'WARNING'
            ELSE 'OK'
            END
        FROM (
            SELECT coalesce(sum(cost), 0) AS cost
            FROM rollup_month
            WHERE organization_id = $1 AND project_id = project.id AND month = $6::date
        ) AS spend
        CROSS JOIN (
            SELECT max(value::numeric) AS amount
            FROM billing_setting
            WHERE organization_id = $1 AND project_id = project.id
                AND key = 'ai_budget_monthly_limit'
        ) AS budget
    ))
    AND (name, id) > ($7::text, $8::uuid)
ORDER BY name, id
LIMIT $9;
