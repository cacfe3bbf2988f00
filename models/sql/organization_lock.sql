-- Holds an organization against other acts that look at it as a whole; returns its anchor day.
SELECT cycle_anchor_day
FROM organization
WHERE id = $1
FOR NO KEY UPDATE;
