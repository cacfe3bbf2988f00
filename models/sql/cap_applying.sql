-- The live caps on things ($2), on runs and the runs that started them ($3), and on the groups of
-- workspaces ($4), each with the thing through which it applies; and caps by id ($5).
WITH RECURSIVE chain (run_id, above_id) AS (
    SELECT id, id FROM unnest($3::uuid[]) AS named (id)
    UNION
    SELECT chain.run_id, run.parent_id
    FROM chain
    JOIN pipeline_run AS run ON run.organization_id = $1 AND run.id = chain.above_id
    WHERE run.parent_id IS NOT NULL
),
target (leaf_id, target_id) AS (
    SELECT run_id, above_id FROM chain
    UNION ALL
    SELECT id, group_id FROM workspace
    WHERE organization_id = $1 AND id = ANY ($4::uuid[]) AND group_id IS NOT NULL
    UNION ALL
    SELECT id, id FROM unnest($2::uuid[]) AS named (id)
)
SELECT target.leaf_id,
    b.credits_per_dollar, b.credits_from,
    cap.id, cap.scope, cap.target_id, cap.period, cap.action, cap.unit, cap.amount,
    cap.unpriced_policy, cap.assumed_input_price, cap.assumed_output_price, cap.allowance_of_id,
    cap.counted_from
FROM target
JOIN cap ON cap.organization_id = $1 AND cap.target_id = target.target_id
    AND cap.removed_at IS NULL
LEFT JOIN credit_balance AS b ON b.organization_id = $1 AND b.billing_mode = 'CREDITS'
UNION ALL
SELECT cap.id,
    b.credits_per_dollar, b.credits_from,
    cap.id, cap.scope, cap.target_id, cap.period, cap.action, cap.unit, cap.amount,
    cap.unpriced_policy, cap.assumed_input_price, cap.assumed_output_price, cap.allowance_of_id,
    cap.counted_from
FROM cap
LEFT JOIN credit_balance AS b ON b.organization_id = $1 AND b.billing_mode = 'CREDITS'
WHERE cap.organization_id = $1 AND cap.id = ANY ($5::uuid[]) AND cap.removed_at IS NULL;
