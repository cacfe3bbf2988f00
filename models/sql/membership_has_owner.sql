-- Whether anybody is OWNER of the organization itself.
SELECT EXISTS (
    SELECT
    FROM membership
    WHERE organization_id = $1
        AND workspace_id IS NULL
        AND project_id IS NULL
        AND role = 'OWNER');
