-- The latest grants of an organization.
SELECT kind, credits, granted_at, reason
FROM credit_grant
WHERE organization_id = $1
ORDER BY granted_at DESC, id DESC
LIMIT 20;
