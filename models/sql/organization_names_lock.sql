-- Held to the end of the transaction by whoever gives an organization a name.
SELECT pg_advisory_xact_lock(hashtextextended('organization.name', 0));
