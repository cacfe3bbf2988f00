-- Gives a reservation, which is locked, more time by the database's clock.
UPDATE reservation
SET expires_at = greatest(expires_at, now() + make_interval(secs => $3::integer))
WHERE organization_id = $1 AND id = $2;
