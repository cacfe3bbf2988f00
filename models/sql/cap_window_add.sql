-- Adds to what was spent under caps, in the order given, which is that of locks; answers what was
-- spent then.
INSERT INTO cap_window (organization_id, cap_id, first_date, last_date, spent, unpriced)
SELECT $1, cap_id, first_date, last_date, spent, unpriced
FROM unnest($2::uuid[], $3::date[], $4::date[], $5::numeric[], $6::bigint[])
    WITH ORDINALITY AS added (cap_id, first_date, last_date, spent, unpriced, place)
ORDER BY place
ON CONFLICT (organization_id, cap_id, first_date) DO UPDATE SET
    spent = cap_window.spent + EXCLUDED.spent,
    unpriced = cap_window.unpriced + EXCLUDED.unpriced
RETURNING cap_id, first_date, spent;
