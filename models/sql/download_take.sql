-- The one download of an address, taken by the first who comes in time.
DELETE FROM download
WHERE organization_id = $1 AND id = $2 AND secret_hash = $3 AND expires_at > $4
RETURNING asked;
