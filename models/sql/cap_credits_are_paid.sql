-- Whether the organization pays in credits.
SELECT EXISTS (
    SELECT FROM credit_balance WHERE organization_id = $1 AND billing_mode = 'CREDITS'
);
