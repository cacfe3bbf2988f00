-- Locks a project, so that changes of its limit come one after the other.
SELECT id
FROM project
WHERE organization_id = $1 AND id = $2
FOR NO KEY UPDATE;
