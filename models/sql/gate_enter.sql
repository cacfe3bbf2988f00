-- Goes through the gate of an organization's money, beside others.
SELECT pg_advisory_xact_lock_shared(hashtextextended($1::uuid::text, 0));
