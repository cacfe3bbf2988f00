-- Another role of a person at the same level.
UPDATE membership
SET role = $3
WHERE organization_id = $1 AND id = $2;
