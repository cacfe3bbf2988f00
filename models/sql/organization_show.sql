-- One organization with its dated time zones.
SELECT
    id, name AS organization_name, billing_mode, plan, cycle_anchor_day,
    ARRAY(
        SELECT starts_at FROM organization_time_zone WHERE organization_id = $1 ORDER BY starts_at
    ) AS zone_starts,
    ARRAY(
        SELECT time_zone FROM organization_time_zone WHERE organization_id = $1 ORDER BY starts_at
    ) AS zone_names,
    ARRAY(
        SELECT starts_on FROM organization_cycle_anchor
        WHERE organization_id = $1 ORDER BY starts_on, decided_at
    ) AS anchor_starts,
    ARRAY(
        SELECT anchor_day FROM organization_cycle_anchor
        WHERE organization_id = $1 ORDER BY starts_on, decided_at
    ) AS anchor_days
FROM organization
WHERE id = $1;
