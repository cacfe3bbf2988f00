-- Where a thing belongs that a cap is to be set on ($2 is its kind, $3 its id): its project and
-- workspace as far as it has any. Nothing where there is no such thing; somebody who has left the
-- organization is one as long as there is a cap on them.
SELECT NULL::uuid AS project_id, NULL::uuid AS workspace_id
WHERE $2::text = 'ORGANIZATION' AND $3::uuid = $1::uuid
UNION ALL
SELECT NULL, NULL FROM workspace_group
WHERE $2 = 'WORKSPACE_GROUP' AND organization_id = $1 AND id = $3
UNION ALL
SELECT NULL, id FROM workspace WHERE $2 = 'WORKSPACE' AND organization_id = $1 AND id = $3
UNION ALL
SELECT id, workspace_id FROM project WHERE $2 = 'PROJECT' AND organization_id = $1 AND id = $3
UNION ALL
SELECT project_id, workspace_id FROM pipeline_run
WHERE $2 = 'RUN' AND organization_id = $1 AND id = $3
UNION ALL
SELECT k.project_id, coalesce(k.workspace_id, p.workspace_id)
FROM api_key AS k
LEFT JOIN project AS p ON p.organization_id = $1 AND p.id = k.project_id
WHERE $2 = 'API_KEY' AND k.organization_id = $1 AND k.id = $3
UNION ALL
SELECT NULL, NULL FROM user_organization
WHERE $2 = 'USER' AND organization_id = $1 AND user_id = $3
UNION ALL
SELECT NULL, NULL FROM cap
WHERE $2 = 'USER' AND organization_id = $1 AND target_id = $3 AND scope = 'USER'
    AND removed_at IS NULL;
