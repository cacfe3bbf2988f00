-- Changes of the limits of projects, newest first, after a position of each.
SELECT page.*, key.place
FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::uuid[])
    WITH ORDINALITY AS key (project_id, size, before_at, before_id, place)
CROSS JOIN LATERAL (
    SELECT id, changed_at, changed_by, old_value, new_value
    FROM billing_setting_change
    WHERE organization_id = $1
        AND project_id = key.project_id
        AND billing_setting_change.key = 'ai_budget_monthly_limit'
        AND (changed_at, id) < (key.before_at, key.before_id)
    ORDER BY changed_at DESC, id DESC
    LIMIT key.size
) AS page
ORDER BY key.place, page.changed_at DESC, page.id DESC;
