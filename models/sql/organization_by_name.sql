-- The organization of an id, or the organizations of a name, oldest first.
SELECT id
FROM organization
WHERE id = $2 OR ($2::uuid IS NULL AND name = $1)
ORDER BY created_at, id
LIMIT 2;
