-- Up to two projects in reach ($2; NULL for all): enough to know whether there is only one.
SELECT id
FROM project
WHERE organization_id = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2))
LIMIT 2;
