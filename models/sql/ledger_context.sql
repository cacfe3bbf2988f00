-- What an organization says about a batch: its zones in the order in which they came into force,
-- which of the batch's projects (with their workspaces), keys and people it has, and whether it has
-- prices of its own.
SELECT
    ARRAY(SELECT z.starts_at FROM organization_time_zone AS z
        WHERE z.organization_id = $1 ORDER BY z.starts_at) AS zone_starts,
    ARRAY(SELECT z.time_zone FROM organization_time_zone AS z
        WHERE z.organization_id = $1 ORDER BY z.starts_at) AS zone_names,
    ARRAY(SELECT p.id FROM project AS p
        WHERE p.organization_id = $1 AND p.id = ANY ($2::uuid[]) ORDER BY p.id) AS project_ids,
    ARRAY(SELECT p.workspace_id FROM project AS p
        WHERE p.organization_id = $1 AND p.id = ANY ($2::uuid[]) ORDER BY p.id) AS workspace_ids,
    ARRAY(SELECT k.id FROM api_key AS k
        WHERE k.organization_id = $1 AND k.id = ANY ($3::uuid[])) AS api_key_ids,
    ARRAY(SELECT m.user_id FROM user_organization AS m
        WHERE m.organization_id = $1 AND m.user_id = ANY ($4::uuid[])) AS user_ids,
    EXISTS (SELECT FROM price AS r WHERE r.organization_id = $1) AS has_prices;
