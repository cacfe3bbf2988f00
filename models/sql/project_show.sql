-- Projects by id, each with its organization and the organization's dated time zones: what nearly
-- every question about a project needs next.
SELECT
    project.id, project.organization_id, project.workspace_id, project.owner_id, project.name,
    project.created_at,
    organization.name AS organization_name, organization.billing_mode, organization.plan,
    organization.cycle_anchor_day,
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
FROM project
JOIN organization ON organization.id = $1
WHERE project.organization_id = $1 AND project.id = ANY($2::uuid[]);
