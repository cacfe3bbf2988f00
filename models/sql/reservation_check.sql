-- Reservations that have ended and hold something under a cap, those that hold more than they were
-- granted, and the credits that open ones hold beside those that the balance says are held.
SELECT
    (SELECT count(*) FROM reservation AS r
        WHERE r.organization_id = $1 AND r.status = 'OPEN') AS open_count,
    (SELECT count(*) FROM reservation_cap AS h
        JOIN reservation AS r ON r.organization_id = $1 AND r.id = h.reservation_id
        WHERE h.organization_id = $1
            AND (h.held > h.amount OR (h.held > 0 AND r.status <> 'OPEN'))) AS wrong_count,
    (SELECT coalesce(sum(b.held), 0) FROM credit_balance AS b
        WHERE b.organization_id = $1) AS credits_stored,
    (SELECT coalesce(sum(r.credits_held), 0) FROM reservation AS r
        WHERE r.organization_id = $1 AND r.status = 'OPEN') AS credits_held;
