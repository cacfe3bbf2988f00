-- One grant of an organization.
SELECT credits, reason FROM credit_grant WHERE organization_id = $1 AND id = $2;
