-- Calls from $2 to $3 that have no price still: of projects $4, runs $5, a key $6, a person $7,
-- each where given.
SELECT coalesce(sum(unpriced), 0)::bigint
FROM credit_transaction
WHERE organization_id = $1
    AND unpriced <> 0
    AND occurred_at >= $2
    AND occurred_at < $3
    AND ($4::uuid[] IS NULL OR project_id IN (SELECT unnest($4::uuid[])))
    AND ($5::uuid[] IS NULL OR run_id IN (SELECT unnest($5::uuid[])))
    AND ($6::uuid IS NULL OR api_key_id = $6)
    AND ($7::uuid IS NULL OR user_id = $7);
