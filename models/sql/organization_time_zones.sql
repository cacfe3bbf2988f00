-- The zones of an organization, in the order in which they came into force.
SELECT starts_at, time_zone
FROM organization_time_zone
WHERE organization_id = $1
ORDER BY starts_at;
