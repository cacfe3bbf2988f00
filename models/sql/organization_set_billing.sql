-- Says how an organization pays, as its balance does.
UPDATE organization
SET billing_mode = $2, plan = $3, credits_per_dollar = $4, included_dollars = $5
WHERE id = $1;
