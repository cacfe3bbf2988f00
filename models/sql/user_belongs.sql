-- Whether a person has any membership in the organization.
SELECT true
FROM user_organization
WHERE organization_id = $1 AND user_id = $2;
