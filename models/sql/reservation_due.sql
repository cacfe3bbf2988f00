-- Open reservations whose time is over by the database's clock, held in order; those that somebody
-- else is ending are waited for, so that what they free is free afterwards.
SELECT id, status, held, credits_held, expires_at, clock_timestamp() AS seen_at
FROM reservation
WHERE organization_id = $1 AND id IN (
        SELECT due.id FROM reservation AS due
        WHERE due.organization_id = $1 AND due.status = 'OPEN' AND due.expires_at <= now()
        ORDER BY due.expires_at
        LIMIT $2
    )
    AND status = 'OPEN' AND expires_at <= now()
ORDER BY id
FOR NO KEY UPDATE;
