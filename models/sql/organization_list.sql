-- All organizations by name, with the zone in force.
SELECT o.id, o.name, o.created_at,
    coalesce((
        SELECT z.time_zone
        FROM organization_time_zone AS z
        WHERE z.organization_id = o.id AND z.starts_at <= now()
        ORDER BY z.starts_at DESC
        LIMIT 1), o.time_zone) AS time_zone
FROM organization AS o
ORDER BY o.name, o.id;
