-- How reservations, which are locked, stand now.
UPDATE reservation
SET status = now_.status, held = now_.held, credits_held = now_.credits_held,
    ended_at = now_.ended_at, final_key = now_.final_key, final_hash = now_.final_hash
FROM unnest($2::uuid[], $3::text[], $4::numeric[], $5::numeric[], $6::timestamptz[], $7::text[],
    $8::bytea[]) AS now_ (id, status, held, credits_held, ended_at, final_key, final_hash)
WHERE reservation.organization_id = $1 AND reservation.id = now_.id;
