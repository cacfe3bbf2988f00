-- The workspace of a name among those in reach ($3; NULL for all).
SELECT id
FROM workspace
WHERE organization_id = $1 AND name = $2 AND ($3::uuid[] IS NULL OR id = ANY ($3));
