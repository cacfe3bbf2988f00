-- Projects in reach ($3; NULL for all) that a person owns.
SELECT id
FROM project
WHERE organization_id = $1 AND owner_id = $2 AND ($3::uuid[] IS NULL OR id = ANY ($3));
