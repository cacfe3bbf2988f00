-- Gives a key another name.
UPDATE api_key
SET name = $3
WHERE organization_id = $1 AND id = $2;
