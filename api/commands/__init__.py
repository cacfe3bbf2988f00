"""The subcommands of `aicost`, a module each: parse, open the database, delegate, print."""
