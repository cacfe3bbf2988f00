-- Live caps by id, with where their targets belong and what stands under them in the running cycle,
-- month and day, named by their first days ($2 to $4).
SELECT
    c.organization_id, c.id, c.scope, c.target_id, c.period, c.action, c.unit, c.amount,
    c.unpriced_policy, c.assumed_input_price, c.assumed_output_price, c.allowance_of_id,
    c.updated_at, c.updated_by, t.target_name, t.project_id, t.workspace_id, t.owner_id,
    coalesce(w.spent, 0) AS spent, coalesce(w.held, 0) AS held, coalesce(w.unpriced, 0) AS unpriced
FROM cap AS c
CROSS JOIN LATERAL (
    SELECT o.name, NULL::uuid, NULL::uuid, NULL::uuid
    FROM organization AS o
    WHERE c.scope = 'ORGANIZATION' AND o.id = $1 AND o.id = c.target_id
    UNION ALL
    SELECT g.name, NULL, NULL, NULL
    FROM workspace_group AS g
    WHERE c.scope = 'WORKSPACE_GROUP' AND g.organization_id = $1 AND g.id = c.target_id
    UNION ALL
    SELECT s.name, NULL, s.id, NULL
    FROM workspace AS s
    WHERE c.scope = 'WORKSPACE' AND s.organization_id = $1 AND s.id = c.target_id
    UNION ALL
    SELECT p.name, p.id, p.workspace_id, NULL
    FROM project AS p
    WHERE c.scope = 'PROJECT' AND p.organization_id = $1 AND p.id = c.target_id
    UNION ALL
    SELECT r.key, r.project_id, r.workspace_id, NULL
    FROM pipeline_run AS r
    WHERE c.scope = 'RUN' AND r.organization_id = $1 AND r.id = c.target_id
    UNION ALL
    SELECT k.name, k.project_id, coalesce(k.workspace_id, kp.workspace_id), k.user_id
    FROM api_key AS k
    LEFT JOIN project AS kp ON kp.organization_id = $1 AND kp.id = k.project_id
    WHERE c.scope = 'API_KEY' AND k.organization_id = $1 AND k.id = c.target_id
    UNION ALL
    SELECT u.name, NULL, NULL, u.id
    FROM app_user AS u
    WHERE c.scope = 'USER' AND u.id = c.target_id
) AS t (target_name, project_id, workspace_id, owner_id)
LEFT JOIN cap_window AS w ON w.organization_id = $1 AND w.cap_id = c.id
    AND w.first_date = CASE c.period
        WHEN 'BILLING_CYCLE' THEN $2::date WHEN 'MONTH' THEN $3::date WHEN 'DAY' THEN $4::date
        ELSE '1970-01-01'::date END
WHERE c.organization_id = $1 AND c.id = ANY ($5::uuid[]) AND c.removed_at IS NULL;
