-- The filling of the demo organization: since which instant, and whether it goes on.
SELECT id, started_at, status
FROM usage_import
WHERE organization_id = $1 AND format = 'demo'
ORDER BY started_at, id
LIMIT 1;
