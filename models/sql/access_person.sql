-- What the person with subject $1, or id $3, may reach in organization $2, or when $2 is NULL in
-- the one that they have belonged to longest, so that nobody else's invitation or choice of a name
-- moves them. No row: nobody of ours. A row without organization: not one of theirs.
WITH person AS (
    SELECT id
    FROM app_user
    WHERE subject = $1 OR id = $3
),
chosen AS (
    SELECT o.id
    FROM person
    JOIN user_organization AS m ON m.user_id = person.id
    JOIN organization AS o ON o.id = m.organization_id
    WHERE $2::uuid IS NULL OR o.id = $2
    ORDER BY (
        SELECT min(g.created_at)
        FROM membership AS g
        WHERE g.organization_id = o.id AND g.user_id = person.id
    ), o.id
    LIMIT 1
),
granted AS MATERIALIZED (
    SELECT m.role, m.workspace_id, m.project_id
    FROM membership AS m
    WHERE m.organization_id = (SELECT id FROM chosen) AND m.user_id = (SELECT id FROM person)
)
SELECT (SELECT id FROM chosen) AS organization_id,
    (SELECT id FROM person) AS user_id,
    NULL::uuid AS api_key_id,
    coalesce(grants.roles, '{}') AS roles,
    coalesce(grants.workspace_ids, '{}') AS role_workspace_ids,
    coalesce(grants.project_ids, '{}') AS role_project_ids,
    coalesce(reach.ids, '{}') AS project_ids,
    coalesce(reach.workspace_ids, '{}') AS project_workspace_ids,
    coalesce(reach.owned_ids, '{}') AS owned_project_ids
FROM (
    SELECT array_agg(role) AS roles,
        array_agg(workspace_id) AS workspace_ids,
        array_agg(project_id) AS project_ids
    FROM granted
) AS grants
CROSS JOIN (
    SELECT array_agg(p.id) AS ids,
        array_agg(p.workspace_id) AS workspace_ids,
        array_agg(p.id) FILTER (WHERE p.owner_id = (SELECT id FROM person)) AS owned_ids
    FROM project AS p
    WHERE p.organization_id = (SELECT id FROM chosen)
        AND (p.owner_id = (SELECT id FROM person)
            OR p.workspace_id = ANY (ARRAY(SELECT workspace_id FROM granted))
            OR p.id = ANY (ARRAY(SELECT project_id FROM granted)))
        -- Nothing surpasses the organization's OWNER, so that their requests list no projects.
        AND NOT EXISTS (
            SELECT FROM granted
            WHERE role = 'OWNER' AND workspace_id IS NULL AND project_id IS NULL)
) AS reach
WHERE EXISTS (SELECT FROM person);
