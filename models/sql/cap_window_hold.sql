-- Adds to what is held under caps whose windows are locked already; frees it where negative.
UPDATE cap_window
SET held = cap_window.held + added.held
FROM unnest($2::uuid[], $3::date[], $4::numeric[]) AS added (cap_id, first_date, held)
WHERE cap_window.organization_id = $1
    AND cap_window.cap_id = added.cap_id
    AND cap_window.first_date = added.first_date;
