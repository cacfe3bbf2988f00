-- The organizations that a person belongs to, by name, with their role at each as a whole.
SELECT
    organization.id, organization.name AS organization_name, organization.billing_mode,
    organization.plan,
    organization.cycle_anchor_day, membership.role,
    ARRAY(
        SELECT starts_at FROM organization_time_zone
        WHERE organization_id = organization.id ORDER BY starts_at
    ) AS zone_starts,
    ARRAY(
        SELECT time_zone FROM organization_time_zone
        WHERE organization_id = organization.id ORDER BY starts_at
    ) AS zone_names,
    ARRAY(
        SELECT starts_on FROM organization_cycle_anchor
        WHERE organization_id = organization.id ORDER BY starts_on, decided_at
    ) AS anchor_starts,
    ARRAY(
        SELECT anchor_day FROM organization_cycle_anchor
        WHERE organization_id = organization.id ORDER BY starts_on, decided_at
    ) AS anchor_days
FROM user_organization AS belonging
JOIN organization ON organization.id = belonging.organization_id
LEFT JOIN membership
    ON membership.organization_id = organization.id
    AND membership.user_id = $1
    AND membership.workspace_id IS NULL
    AND membership.project_id IS NULL
WHERE belonging.user_id = $1
ORDER BY organization.name, organization.id
LIMIT 100;
