-- A role of a person at one level.
INSERT INTO membership (organization_id, id, user_id, workspace_id, project_id, role, created_at)
VALUES ($1, $2, $3, $4, $5, $6, now());
