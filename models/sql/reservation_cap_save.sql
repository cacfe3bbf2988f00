-- What reservations, which are locked, hold under their caps now.
UPDATE reservation_cap
SET held = now_.held
FROM unnest($2::uuid[], $3::uuid[], $4::numeric[]) AS now_ (reservation_id, cap_id, held)
WHERE reservation_cap.organization_id = $1
    AND reservation_cap.reservation_id = now_.reservation_id
    AND reservation_cap.cap_id = now_.cap_id;
