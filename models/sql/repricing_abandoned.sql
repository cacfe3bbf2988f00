-- Recalculations of any organization that nobody has worked on for some seconds.
SELECT organization_id, id
FROM repricing
WHERE status = 'RUNNING' AND touched_at < now() - make_interval(secs => $1)
ORDER BY touched_at;
