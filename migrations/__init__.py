"""Forward-only schema changes, run by Tortoise's executor under an advisory lock."""
