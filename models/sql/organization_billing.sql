-- How an organization is said to pay.
SELECT billing_mode, plan, credits_per_dollar, included_dollars
FROM organization
WHERE id = $1;
