-- A person belongs to an organization no more.
DELETE FROM user_organization
WHERE user_id = $1 AND organization_id = $2;
