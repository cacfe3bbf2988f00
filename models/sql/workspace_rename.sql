-- Gives a workspace another name and returns the old one.
WITH old AS (
    SELECT name
    FROM workspace
    WHERE organization_id = $1 AND id = $2
    FOR NO KEY UPDATE
)
UPDATE workspace AS t
SET name = $3
FROM old
WHERE t.organization_id = $1 AND t.id = $2
RETURNING old.name;
