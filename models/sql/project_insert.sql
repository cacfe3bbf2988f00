-- A new project.
INSERT INTO project (organization_id, id, workspace_id, owner_id, name, created_at)
VALUES ($1, $2, $3, $4, $5, now());
