-- Rollups that are still to be counted, by organization.
SELECT organization_id, rollup FROM due_rollup ORDER BY organization_id, rollup;
