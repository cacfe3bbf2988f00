-- One organization with its dated time zones.
SELECT
    id, name AS organization_name, billing_mode, plan, cycle_anchor_day,
    ARRAY(
        SELECT starts_at FROM organization_time_zone WHERE organization_id = $1 ORDER BY starts_at
    ) AS zone_starts,
    ARRAY(
        SELECT time_zone FROM organization_time_zone WHERE organization_id = $1 ORDER BY starts_at
    ) AS zone_names
FROM organization
WHERE id = $1;
