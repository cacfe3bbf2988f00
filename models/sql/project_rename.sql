-- Gives a project another name and returns the old one.
WITH old AS (
    SELECT name
    FROM project
    WHERE organization_id = $1 AND id = $2
    FOR NO KEY UPDATE
)
UPDATE project AS p
SET name = $3
FROM old
WHERE p.organization_id = $1 AND p.id = $2
RETURNING old.name;
