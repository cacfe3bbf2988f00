"""Caps, reservations, and entries that know the reservation they were spent under."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0004_ledger_entry")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0005_cap"),
        record("0005_cap"),
    ]
