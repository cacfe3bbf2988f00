-- A new person; returns nothing when somebody has the address.
INSERT INTO app_user (id, email, name, created_at)
VALUES ($1, $2, $3, now())
ON CONFLICT (lower(email)) DO NOTHING
RETURNING id;
