-- Gives an organization another name and returns the old one.
WITH old AS (
    SELECT name
    FROM organization
    WHERE id = $1
    FOR NO KEY UPDATE
)
UPDATE organization AS o
SET name = $2
FROM old
WHERE o.id = $1
RETURNING old.name;
