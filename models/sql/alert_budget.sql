-- Projects whose month ($2) has used eight tenths of their limit or more, the fullest first.
SELECT p.id AS project_id, p.name, s.budget_limit, s.updated_at, m.spent
FROM (
    SELECT project_id, value::numeric AS budget_limit, updated_at
    FROM billing_setting
    WHERE organization_id = $1 AND key = 'ai_budget_monthly_limit'
) AS s
JOIN project AS p ON p.organization_id = $1 AND p.id = s.project_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(cost), 0) AS spent
    FROM rollup_month
    WHERE organization_id = $1 AND project_id = s.project_id AND month = $2::date
) AS m
WHERE m.spent > 0 AND m.spent * 100 >= s.budget_limit * 80
ORDER BY m.spent * 100 >= s.budget_limit * 100 DESC,
    m.spent / nullif(s.budget_limit, 0) DESC NULLS FIRST, p.id
LIMIT $3;
