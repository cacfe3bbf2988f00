-- A download that may be made until it expires.
INSERT INTO download (organization_id, id, secret_hash, asked, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6);
