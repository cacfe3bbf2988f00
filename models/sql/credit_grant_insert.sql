-- Credits that came or lapsed.
INSERT INTO credit_grant (organization_id, id, kind, credits, cycle_start, granted_at, reason,
    user_id, api_key_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
