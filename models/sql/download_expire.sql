-- Downloads that nobody made in time.
DELETE FROM download WHERE organization_id = $1 AND expires_at <= $2;
