-- Leaves a person's projects without an owner.
UPDATE project
SET owner_id = NULL
WHERE organization_id = $1 AND owner_id = $2
RETURNING id;
