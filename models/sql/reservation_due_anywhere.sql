-- Some of the organizations that have open reservations whose time is over.
SELECT DISTINCT organization_id
FROM reservation
WHERE status = 'OPEN' AND expires_at <= now()
LIMIT $1;
