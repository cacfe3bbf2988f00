-- Remembers what tokens call the person of an address, unless that is known already.
UPDATE app_user
SET subject = $1
WHERE lower(email) = lower($2) AND subject IS NULL
RETURNING id;
