-- A new organization on the free plan, paying for its own models, with cycles of calendar months.
INSERT INTO organization (id, name, time_zone, billing_mode, plan, cycle_anchor_day,
    credits_per_dollar, created_at)
VALUES ($1, $2, $3, 'BYOM', 'free', 1, 1, now());
