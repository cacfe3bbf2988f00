-- Adds to what is held of an organization's credits.
UPDATE credit_balance SET held = held + $2 WHERE organization_id = $1;
