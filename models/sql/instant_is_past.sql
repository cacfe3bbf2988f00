-- Whether an instant has passed, by the clock that expiry is judged by.
SELECT $1::timestamptz <= now();
