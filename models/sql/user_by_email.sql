-- The person of an address, whatever its case.
SELECT id
FROM app_user
WHERE lower(email) = lower($1);
