-- A new workspace; returns nothing when there is one of that name.
INSERT INTO workspace (organization_id, id, name, created_at)
VALUES ($1, $2, $3, now())
ON CONFLICT (organization_id, name) DO NOTHING
RETURNING id;
