-- In which window the caps of some reservations hold them.
SELECT reservation_id, cap_id, first_date
FROM reservation_cap
WHERE organization_id = $1 AND reservation_id = ANY ($2::uuid[]);
