-- Every organization, for maintenance over all of them.
SELECT id FROM organization ORDER BY id;
