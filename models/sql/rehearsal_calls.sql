-- Priced calls of projects $2 in the stretches of time $3 to $4 in the order in which they were
-- made, all parts of one together: when, and dollars times $8. Of runs $5, a key $6, a person $7,
-- each where given. What a call cost that was taken back is 0, and it is left out.
SELECT call.occurred_at, call.amount
FROM (
    SELECT t.occurred_at, sum(t.cost) * $8::numeric AS amount,
        min(t.id::text COLLATE "C") AS first_id
    FROM unnest($2::uuid[]) AS project (id)
    CROSS JOIN unnest($3::timestamptz[], $4::timestamptz[]) AS span (starts_at, ends_at)
    JOIN credit_transaction AS t
        ON t.organization_id = $1
        AND t.project_id = project.id
        AND t.occurred_at >= span.starts_at
        AND t.occurred_at < span.ends_at
    WHERE ($5::uuid[] IS NULL OR t.run_id IN (SELECT unnest($5::uuid[])))
        AND ($6::uuid IS NULL OR t.api_key_id = $6)
        AND ($7::uuid IS NULL OR t.user_id = $7)
    GROUP BY t.occurred_at, t.event_key
    HAVING sum(t.unpriced) = 0 AND sum(t.cost) <> 0
) AS call
ORDER BY call.occurred_at, call.first_id;
