-- Takes a role away.
DELETE FROM membership
WHERE organization_id = $1 AND id = $2;
