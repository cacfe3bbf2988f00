"""What can be asked: the public schema, one file per noun. Imports `models`, never `api`."""
