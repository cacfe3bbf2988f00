-- The project after another, for going through all of an organization's.
SELECT id FROM project WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT 1;
