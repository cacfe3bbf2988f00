-- Projects of workspace $2, of the workspaces of group $3, or with neither of the organization.
SELECT project.id
FROM project
JOIN workspace
    ON workspace.organization_id = $1 AND workspace.id = project.workspace_id
WHERE project.organization_id = $1
    AND ($2::uuid IS NULL OR workspace.id = $2)
    AND ($3::uuid IS NULL OR workspace.group_id = $3);
