-- A run ($3) of project $2 and every run that it started, directly or through others.
WITH RECURSIVE family AS (
    SELECT id FROM pipeline_run WHERE organization_id = $1 AND project_id = $2 AND id = $3
    UNION
    SELECT child.id
    FROM family
    JOIN pipeline_run AS child
        ON child.organization_id = $1 AND child.project_id = $2 AND child.parent_id = family.id
)
SELECT id FROM family;
