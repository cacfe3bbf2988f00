-- Holds an organization against other acts that look at it as a whole.
SELECT id
FROM organization
WHERE id = $1
FOR NO KEY UPDATE;
