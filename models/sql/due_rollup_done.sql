-- A rollup of an organization was counted.
DELETE FROM due_rollup WHERE organization_id = $1 AND rollup = $2;
