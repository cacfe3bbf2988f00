-- Holds money: adds to what is held under caps ($3 to $5), whose windows are locked, and makes the
-- reservations ($6 to $19) and what each holds under each cap ($20 to $23). Tells how many were
-- made: fewer when somebody else took a key first.
WITH windows AS (
    UPDATE cap_window AS w
    SET held = w.held + added.held
    FROM unnest($3::uuid[], $4::date[], $5::numeric[]) AS added (cap_id, first_date, held)
    WHERE w.organization_id = $1 AND w.cap_id = added.cap_id AND w.first_date = added.first_date
),
made AS (
    INSERT INTO reservation (organization_id, created_at, status, id, key, content_hash, project_id,
        run_id, job_id, api_key_id, user_id, provider, model, amount, held, credits_held,
        is_unpriced, expires_at)
    SELECT $1, $2, 'OPEN', n.id, n.key, n.content_hash, n.project_id, n.run_id, n.job_id,
        n.api_key_id, n.user_id, n.provider, n.model, n.amount, n.amount, n.credits_held,
        n.is_unpriced, $2::timestamptz + make_interval(secs => n.ttl_seconds)
    FROM unnest($6::uuid[], $7::text[], $8::bytea[], $9::uuid[], $10::uuid[], $11::uuid[],
        $12::uuid[], $13::uuid[], $14::text[], $15::text[], $16::numeric[], $17::numeric[],
        $18::boolean[], $19::integer[]) AS n (id, key, content_hash, project_id, run_id, job_id,
        api_key_id, user_id, provider, model, amount, credits_held, is_unpriced, ttl_seconds)
    ORDER BY n.key
    ON CONFLICT (organization_id, key) DO NOTHING
    RETURNING id
),
held AS (
    INSERT INTO reservation_cap (organization_id, reservation_id, cap_id, first_date, amount, held)
    SELECT $1, h.reservation_id, h.cap_id, h.first_date, h.amount, h.amount
    FROM unnest($20::uuid[], $21::uuid[], $22::date[], $23::numeric[])
        AS h (reservation_id, cap_id, first_date, amount)
    JOIN made ON made.id = h.reservation_id
)
SELECT count(*) FROM made;
