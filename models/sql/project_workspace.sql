-- The workspace of a project of the organization.
SELECT workspace_id
FROM project
WHERE organization_id = $1 AND id = $2;
