-- One act of administration.
INSERT INTO audit_event (organization_id, id, occurred_at, user_id, api_key_id, action,
    subject_kind, subject_id, old_value, new_value)
VALUES ($1, $2, now(), $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb);
