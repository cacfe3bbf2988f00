-- A new workspace group.
INSERT INTO workspace_group (organization_id, id, name, created_at)
VALUES ($1, $2, $3, now());
