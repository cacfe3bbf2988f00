-- A cycle anchor of an organization, from a local day on. Two acts never share an instant: the
-- organization's row is held.
INSERT INTO organization_cycle_anchor (organization_id, starts_on, decided_at, anchor_day)
VALUES ($1, $2, clock_timestamp(), $3);
