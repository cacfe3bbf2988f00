-- What reservations hold under each cap.
SELECT reservation_id, cap_id, first_date, amount, held
FROM reservation_cap
WHERE organization_id = $1 AND reservation_id = ANY ($2::uuid[])
ORDER BY reservation_id, cap_id;
