-- Moves a workspace to a group, or out of any, and returns the old one.
WITH old AS (
    SELECT group_id
    FROM workspace
    WHERE organization_id = $1 AND id = $2
    FOR NO KEY UPDATE
)
UPDATE workspace AS w
SET group_id = $3
FROM old
WHERE w.organization_id = $1 AND w.id = $2
RETURNING old.group_id;
