-- Frees everything that is held under a cap which is no more.
WITH windows AS (
    UPDATE cap_window SET held = 0 WHERE organization_id = $1 AND cap_id = $2 AND held > 0
)
UPDATE reservation_cap SET held = 0 WHERE organization_id = $1 AND cap_id = $2 AND held > 0;
