-- What the keys with hashes $1 may reach; nothing of one that is revoked, expired or has outlived
-- its person's membership. A key acts with its own role: what its person owns makes no difference.
-- The hash comes before the organization is known, so on Citus this asks every shard.
SELECT asked.place,
    k.organization_id,
    k.user_id,
    k.id AS api_key_id,
    k.secret_hash,
    coalesce(k.last_used_at < now() - interval '1 minute', true) AS touch_due,
    ARRAY[k.role] AS roles,
    ARRAY[k.workspace_id] AS role_workspace_ids,
    ARRAY[k.project_id] AS role_project_ids,
    coalesce(reach.ids, '{}') AS project_ids,
    coalesce(reach.workspace_ids, '{}') AS project_workspace_ids,
    '{}'::uuid[] AS owned_project_ids
FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (secret_hash, place)
JOIN api_key_lookup AS l ON l.secret_hash = asked.secret_hash
JOIN api_key AS k ON k.organization_id = l.organization_id AND k.id = l.api_key_id
CROSS JOIN LATERAL (
    SELECT array_agg(p.id) AS ids, array_agg(p.workspace_id) AS workspace_ids
    FROM project AS p
    WHERE p.organization_id = k.organization_id
        AND (p.workspace_id = k.workspace_id OR p.id = k.project_id)
) AS reach
WHERE k.revoked_at IS NULL
    AND (k.expires_at IS NULL OR k.expires_at > now())
    AND (k.user_id IS NULL OR EXISTS (
        SELECT FROM user_organization AS m
        WHERE m.user_id = k.user_id AND m.organization_id = k.organization_id));
