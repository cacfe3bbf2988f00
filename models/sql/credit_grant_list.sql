-- Grants of an organization, newest first, after a position.
SELECT id, kind, credits, cycle_start, granted_at, reason, user_id
FROM credit_grant
WHERE organization_id = $1 AND (granted_at, id) < ($2, $3)
ORDER BY granted_at DESC, id DESC
LIMIT $4;
