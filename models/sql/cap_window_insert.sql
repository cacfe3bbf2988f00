-- Begins windows of caps, those that are there already left alone.
INSERT INTO cap_window (organization_id, cap_id, first_date, last_date)
SELECT $1, cap_id, first_date, last_date
FROM unnest($2::uuid[], $3::date[], $4::date[])
    WITH ORDINALITY AS new (cap_id, first_date, last_date, place)
ORDER BY place
ON CONFLICT (organization_id, cap_id, first_date) DO NOTHING;
