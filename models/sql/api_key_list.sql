-- The keys of several workspaces and their projects by name, after a position of each. The
-- organization's own id stands for all of its keys.
SELECT page.*, key.place
FROM unnest($2::uuid[], $3::int[], $4::text[], $5::uuid[])
    WITH ORDINALITY AS key (parent_id, size, after_name, after_id, place)
CROSS JOIN LATERAL (
    SELECT
        api_key.id, api_key.organization_id, api_key.name, api_key.prefix, api_key.role,
        api_key.user_id, api_key.workspace_id, api_key.project_id, api_key.created_at,
        api_key.expires_at, api_key.revoked_at, api_key.last_used_at
    FROM api_key
    LEFT JOIN project
        ON project.organization_id = $1 AND project.id = api_key.project_id
    WHERE api_key.organization_id = $1
        AND (
            key.parent_id = $1
            OR api_key.workspace_id = key.parent_id
            OR project.workspace_id = key.parent_id
        )
        AND (api_key.name, api_key.id) > (key.after_name, key.after_id)
    ORDER BY api_key.name, api_key.id
    LIMIT key.size
) AS page
ORDER BY key.place, page.name, page.id;
