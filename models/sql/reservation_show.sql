-- Reservations by id ($2) or by the caller's key ($3), of some projects or of all when NULL. One
-- whose time is over is shown as ended by the clock.
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
    AND (r.id = ANY ($2::uuid[]) OR r.key = $3::text)
    AND ($4::uuid[] IS NULL OR r.project_id = ANY ($4));
