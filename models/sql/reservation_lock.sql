-- Reservations, held against others that would end or shrink them, in order.
SELECT id, status, held, credits_held, expires_at, clock_timestamp() AS seen_at
FROM reservation
WHERE organization_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id
FOR NO KEY UPDATE;
