-- A page of the live caps that may be seen, widest first, by their targets' names, after a place
-- ($15, $16), with what stands under them in the running cycle, month and day ($2 to $4). Who asks:
-- all may be seen ($5); projects within reach, all when NULL ($6); workspaces ($7) and projects
-- ($8) administered; the person ($9) and the key ($10). Filters are met when NULL: scope $11,
-- target $12, what applies to a whole project $13, status $14.
WITH shown AS (
    SELECT
        c.organization_id, c.id, c.scope, c.target_id, c.period, c.action, c.unit, c.amount,
        c.unpriced_policy, c.assumed_input_price, c.assumed_output_price, c.allowance_of_id,
        c.updated_at, c.updated_by, t.target_name, t.project_id, t.workspace_id, t.owner_id,
        coalesce(w.spent, 0) AS spent, coalesce(w.held, 0) AS held,
        coalesce(w.unpriced, 0) AS unpriced
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
    WHERE c.organization_id = $1 AND c.removed_at IS NULL
        AND ($11::text IS NULL OR c.scope = $11)
        AND ($12::uuid IS NULL OR c.target_id = $12)
        AND ($13::uuid IS NULL OR c.target_id = $1 OR c.target_id = $13 OR c.target_id IN (
            SELECT unnest(ARRAY[s.id, s.group_id])
            FROM project AS p
            JOIN workspace AS s ON s.organization_id = $1 AND s.id = p.workspace_id
            WHERE p.organization_id = $1 AND p.id = $13
        ))
),
placed AS (
    SELECT s.*,
        CASE s.scope WHEN 'ORGANIZATION' THEN '0 ' WHEN 'WORKSPACE_GROUP' THEN '1 '
            WHEN 'WORKSPACE' THEN '2 ' WHEN 'PROJECT' THEN '3 ' WHEN 'USER' THEN '4 '
            WHEN 'API_KEY' THEN '5 ' ELSE '6 ' END || s.target_name AS sort_name
    FROM shown AS s
)
SELECT * FROM placed AS s
WHERE (
        $5::boolean
        OR CASE s.scope
            WHEN 'WORKSPACE' THEN s.workspace_id = ANY ($7::uuid[])
            WHEN 'PROJECT' THEN $6::uuid[] IS NULL OR s.project_id = ANY ($6)
            WHEN 'RUN' THEN $6::uuid[] IS NULL OR s.project_id = ANY ($6)
            WHEN 'USER' THEN s.target_id = $9::uuid
            WHEN 'API_KEY' THEN s.target_id = $10::uuid OR s.owner_id = $9
                OR s.project_id = ANY ($8::uuid[]) OR s.workspace_id = ANY ($7)
            ELSE false END
    )
    AND ($14::text IS NULL OR $14 = CASE
        WHEN s.spent + s.held >= s.amount THEN 'REACHED'
        WHEN (s.spent + s.held) * 100 >= s.amount * 80 THEN 'NEAR'
        ELSE 'OK' END)
    AND (s.sort_name, s.id) > ($15::text, $16::uuid)
ORDER BY s.sort_name, s.id
LIMIT $17;
