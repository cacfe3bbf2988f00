-- Windows of caps, held in the order given, with what stands under them.
SELECT w.cap_id, w.first_date, w.spent, w.held
FROM unnest($2::uuid[], $3::date[]) WITH ORDINALITY AS wanted (cap_id, first_date, place)
JOIN cap_window AS w ON w.organization_id = $1 AND w.cap_id = wanted.cap_id
    AND w.first_date = wanted.first_date
ORDER BY wanted.place
FOR NO KEY UPDATE OF w;
