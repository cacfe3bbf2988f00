-- The run that followed a rehearsal, unless it failed.
SELECT id FROM repricing WHERE organization_id = $1 AND after_id = $2 AND status <> 'FAILED';
