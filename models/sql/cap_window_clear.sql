-- Sets what caps have counted to nothing, before it is counted again in the same transaction.
UPDATE cap_window
SET spent = 0, unpriced = 0
WHERE organization_id = $1 AND cap_id = ANY ($2::uuid[]);
