-- A new workspace, in a group or in none.
INSERT INTO workspace (organization_id, id, name, group_id, created_at)
VALUES ($1, $2, $3, $4, now());
