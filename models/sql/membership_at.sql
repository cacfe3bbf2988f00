-- The role that a person was given at exactly one level, held until the transaction ends.
SELECT id, role
FROM membership
WHERE organization_id = $1
    AND user_id = $2
    AND workspace_id IS NOT DISTINCT FROM $3
    AND project_id IS NOT DISTINCT FROM $4
FOR UPDATE;
