-- Open reservations whose time is over by the database's clock, held; those that somebody else is
-- ending are passed over.
SELECT id, status, held, credits_held, expires_at, clock_timestamp() AS seen_at
FROM reservation
WHERE organization_id = $1 AND id IN (
        SELECT due.id FROM reservation AS due
        WHERE due.organization_id = $1 AND due.status = 'OPEN' AND due.expires_at <= now()
        ORDER BY due.expires_at
        LIMIT $2
    )
    AND status = 'OPEN'
ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED;
