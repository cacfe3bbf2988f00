-- The runs that a run started: what a cap on it counts.
CREATE INDEX pipeline_run_parent_index ON pipeline_run (organization_id, parent_id)
    WHERE parent_id IS NOT NULL;

-- Reservations of an organization, newest first.
CREATE INDEX reservation_time_index
    ON reservation (organization_id, created_at DESC, id DESC);
