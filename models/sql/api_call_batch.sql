-- The instant of the $5th entry of a workspace, counted from $4 back to $3; no row when fewer.
SELECT entry.occurred_at
FROM project
CROSS JOIN LATERAL (
    SELECT occurred_at
    FROM credit_transaction
    WHERE organization_id = $1 AND project_id = project.id
        AND occurred_at >= $3 AND occurred_at < $4
    ORDER BY occurred_at DESC
    LIMIT $5
) AS entry
WHERE project.organization_id = $1 AND project.workspace_id = $2
ORDER BY entry.occurred_at DESC
OFFSET $5 - 1
LIMIT 1;
