-- How many credits the organization pays for a dollar; NULL where it pays in dollars.
SELECT CASE billing_mode WHEN 'CREDITS' THEN credits_per_dollar END
FROM organization
WHERE id = $1;
