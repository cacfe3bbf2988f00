-- A cap on the whole life of a run that started a run ($3), directly or not; nothing for any other.
WITH RECURSIVE above (id) AS (
    SELECT parent_id FROM pipeline_run WHERE organization_id = $1 AND id = $3
    UNION
    SELECT run.parent_id
    FROM above
    JOIN pipeline_run AS run ON run.organization_id = $1 AND run.id = above.id
)
SELECT id, scope, target_id, period, action, unit, amount, unpriced_policy, assumed_input_price,
    assumed_output_price, allowance_of_id, counted_from
FROM cap
WHERE organization_id = $1 AND id = $2 AND removed_at IS NULL AND scope = 'RUN' AND period = 'RUN'
    AND action = 'BLOCK' AND target_id IN (SELECT id FROM above);
