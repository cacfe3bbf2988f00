-- What the live caps on the runs that started some runs say, from the nearest to the first of all.
WITH RECURSIVE above (id) AS (
    SELECT parent_id FROM pipeline_run WHERE organization_id = $1 AND id = ANY ($2::uuid[])
    UNION
    SELECT run.parent_id
    FROM above
    JOIN pipeline_run AS run ON run.organization_id = $1 AND run.id = above.id
)
SELECT id, scope, target_id, period, action, unit, amount, unpriced_policy, assumed_input_price,
    assumed_output_price, allowance_of_id, counted_from
FROM cap
WHERE organization_id = $1 AND scope = 'RUN' AND removed_at IS NULL
    AND target_id IN (SELECT id FROM above)
ORDER BY id;
