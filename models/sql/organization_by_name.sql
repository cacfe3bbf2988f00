-- The organization of a name; the oldest, should there be two.
SELECT id
FROM organization
WHERE name = $1
ORDER BY created_at, id
LIMIT 1;
