-- Projects in reach ($4; NULL for all) named $2, in the workspace named $3 or in any.
SELECT p.id
FROM project AS p
JOIN workspace AS w ON w.organization_id = $1 AND w.id = p.workspace_id
WHERE p.organization_id = $1
    AND p.name = $2
    AND ($3::text IS NULL OR w.name = $3)
    AND ($4::uuid[] IS NULL OR p.id = ANY ($4))
ORDER BY p.id;
