-- Whether some run of the organization that follows a rehearsal is not done yet.
SELECT EXISTS (
    SELECT FROM repricing
    WHERE organization_id = $1 AND status = 'RUNNING' AND after_id IS NOT NULL
);
