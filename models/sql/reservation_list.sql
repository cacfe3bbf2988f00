-- Reservations of some projects, or of all when NULL ($2), newest first, after a place. Filters are
-- met when NULL: project $3, run $4, the caller's key $5, status $6; one whose time is over has
-- ended.
SELECT
    r.id, r.organization_id, r.key,
    CASE WHEN r.status = 'OPEN' AND r.expires_at <= now() THEN 'EXPIRED' ELSE r.status END,
    r.project_id, p.workspace_id, r.run_id, r.job_id, r.api_key_id, r.user_id, r.provider, r.model,
    r.amount,
    CASE WHEN r.expires_at <= now() THEN 0 ELSE r.held END,
    (
        SELECT coalesce(sum(t.cost), 0)
        FROM credit_transaction AS t
        WHERE t.organization_id = $1 AND t.reservation_id = r.id
    ),
    r.created_at, r.expires_at,
    CASE WHEN r.status = 'OPEN' AND r.expires_at <= now() THEN r.expires_at ELSE r.ended_at END,
    CASE WHEN r.status = 'OPEN'
        THEN greatest(ceil(extract(epoch FROM r.expires_at - now())), 0)::integer ELSE 0 END
FROM reservation AS r
JOIN project AS p ON p.organization_id = $1 AND p.id = r.project_id
WHERE r.organization_id = $1
    AND ($2::uuid[] IS NULL OR r.project_id = ANY ($2))
    AND ($3::uuid IS NULL OR r.project_id = $3)
    AND ($4::uuid IS NULL OR r.run_id = $4)
    AND ($5::text IS NULL OR r.key = $5)
    AND ($6::text IS NULL OR $6 = CASE
        WHEN r.status = 'OPEN' AND r.expires_at <= now() THEN 'EXPIRED' ELSE r.status END)
    AND (r.created_at, r.id) < ($7::timestamptz, $8::uuid)
ORDER BY r.created_at DESC, r.id DESC
LIMIT $9;
