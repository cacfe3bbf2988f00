-- A zone of an organization, in force from $3 on, or from now on.
INSERT INTO organization_time_zone (organization_id, time_zone, starts_at)
VALUES ($1, $2, coalesce($3, now()));
