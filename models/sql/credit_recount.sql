-- A balance beside what grants, deductions, entries and open reservations come to, in one snapshot.
-- broken: deductions that do not add up to their entry, or stand at another running total.
-- unclosed: ended cycles whose monthly credits were not all used or expired.
WITH deduction AS (
    SELECT
        d.*, t.cost,
        sum(CASE WHEN d.limit_dollars IS NOT NULL THEN t.cost ELSE 0 END)
            OVER (PARTITION BY d.cycle_start ORDER BY d.place) AS total
    FROM credit_deduction AS d
    JOIN credit_transaction AS t ON t.organization_id = $1 AND t.id = d.transaction_id
    WHERE d.organization_id = $1
),
given AS (
    SELECT
        cycle_start,
        sum(credits) FILTER (WHERE kind <> 'BONUS') AS monthly,
        coalesce(sum(credits) FILTER (WHERE kind = 'BONUS'), 0) AS bonus
    FROM credit_grant
    WHERE organization_id = $1
    GROUP BY cycle_start
),
taken AS (
    SELECT
        cycle_start,
        sum(monthly_credits) AS monthly,
        sum(bonus_credits) AS bonus,
        sum(overage_credits) AS overage,
        coalesce(sum(cost) FILTER (WHERE limit_dollars IS NOT NULL), 0) AS total,
        sum(on_demand_cost) AS on_demand
    FROM deduction
    GROUP BY cycle_start
),
cycle AS (
    SELECT
        cycle_start,
        coalesce(given.monthly, 0) AS given_monthly, coalesce(taken.monthly, 0) AS monthly,
        coalesce(given.bonus, 0) AS given_bonus, coalesce(taken.bonus, 0) AS bonus,
        coalesce(taken.overage, 0) AS overage, coalesce(taken.total, 0) AS total,
        coalesce(taken.on_demand, 0) AS on_demand
    FROM given
    FULL JOIN taken USING (cycle_start)
)
SELECT
    b.monthly_granted, b.monthly_used, b.bonus_granted, b.bonus_used, b.overage, b.running_total,
    b.on_demand, b.deductions, b.held,
    o.billing_mode = b.billing_mode AND o.plan = b.plan
        AND o.credits_per_dollar = b.credits_per_dollar
        AND o.included_dollars IS NOT DISTINCT FROM b.included_dollars AS billing_agrees,
    coalesce(c.given_monthly, 0) AS want_monthly_granted,
    coalesce(c.monthly, 0) AS want_monthly_used,
    (SELECT coalesce(sum(given_bonus), 0) - coalesce(sum(bonus)
        FILTER (WHERE cycle_start <> b.cycle_start), 0) FROM cycle) AS want_bonus_granted,
    coalesce(c.bonus, 0) AS want_bonus_used,
    coalesce(c.overage, 0) AS want_overage,
    coalesce(c.total, 0) AS want_running_total,
    coalesce(c.on_demand, 0) AS want_on_demand,
    (SELECT coalesce(max(place), 0) FROM deduction) AS want_deductions,
    (SELECT coalesce(sum(credits_held), 0) FROM reservation
        WHERE organization_id = $1) AS want_held,
    coalesce((SELECT sum(monthly + bonus + overage) FROM cycle), 0) AS credits_taken,
    (SELECT coalesce(sum(credits), 0) FROM credit_use_day WHERE organization_id = $1) AS by_day,
    (SELECT coalesce(sum(credits), 0) FROM credit_use_hour WHERE organization_id = $1) AS by_hour,
    (SELECT count(*) FROM deduction) AS checked,
    (SELECT count(*) FROM deduction
        WHERE included_cost + on_demand_cost IS DISTINCT FROM cost
            OR monthly_credits + bonus_credits + overage_credits
                <> coalesce(cost * credits_per_dollar, 0)
            OR (limit_dollars IS NULL AND on_demand_cost <> 0)
            OR (limit_dollars IS NOT NULL AND running_total <> total)) AS broken,
    (SELECT count(*) FROM cycle
        WHERE cycle_start <> b.cycle_start AND given_monthly <> monthly) AS unclosed
FROM credit_balance AS b
JOIN organization AS o ON o.id = $1
LEFT JOIN cycle AS c ON c.cycle_start = b.cycle_start
WHERE b.organization_id = $1;
