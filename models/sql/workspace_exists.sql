-- Whether a workspace exists in the organization.
SELECT true
FROM workspace
WHERE organization_id = $1 AND id = $2;
