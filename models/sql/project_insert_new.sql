-- A new project, of the organization's first OWNER unless $4 names somebody; returns nothing when
-- the workspace has one of that name.
INSERT INTO project (organization_id, id, workspace_id, owner_id, name, created_at)
SELECT $1, $2, $3, coalesce($4, (
        SELECT m.user_id
        FROM membership AS m
        WHERE m.organization_id = $1
            AND m.workspace_id IS NULL
            AND m.project_id IS NULL
            AND m.role = 'OWNER'
        ORDER BY m.created_at, m.id
        LIMIT 1)), $5, now()
ON CONFLICT (organization_id, workspace_id, name) DO NOTHING
RETURNING owner_id;
