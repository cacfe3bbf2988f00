"""The form in which entries reach the ledger: one array of one type."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0003_repricing")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0004_ledger_entry"),
        record("0004_ledger_entry"),
    ]
