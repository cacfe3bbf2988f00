-- The projects of several workspaces by name, after a position of each: those of $2, or all when
-- NULL.
SELECT page.*, key.place
FROM unnest($3::uuid[], $4::int[], $5::text[], $6::uuid[])
    WITH ORDINALITY AS key (workspace_id, size, after_name, after_id, place)
CROSS JOIN LATERAL (
    SELECT id, organization_id, workspace_id, owner_id, name, created_at
    FROM project
    WHERE organization_id = $1
        AND workspace_id = key.workspace_id
        AND ($2::uuid[] IS NULL OR id = ANY($2))
        AND (name, id) > (key.after_name, key.after_id)
    ORDER BY name, id
    LIMIT key.size
) AS page
ORDER BY key.place, page.name, page.id;
