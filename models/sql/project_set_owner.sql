-- Gives a project to another person, or to nobody, and returns the one before.
WITH old AS (
    SELECT owner_id
    FROM project
    WHERE organization_id = $1 AND id = $2
    FOR NO KEY UPDATE
)
UPDATE project AS p
SET owner_id = $3
FROM old
WHERE p.organization_id = $1 AND p.id = $2
RETURNING old.owner_id;
