-- Writes what caps have counted, by window.
INSERT INTO cap_window (organization_id, cap_id, first_date, last_date, spent, unpriced)
SELECT $1, cap_id, first_date, last_date, spent, unpriced
FROM unnest($2::uuid[], $3::date[], $4::date[], $5::numeric[], $6::bigint[])
    AS counted (cap_id, first_date, last_date, spent, unpriced)
ON CONFLICT (organization_id, cap_id, first_date) DO UPDATE SET
    spent = EXCLUDED.spent, unpriced = EXCLUDED.unpriced;
