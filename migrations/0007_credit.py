"""Credits: balances, grants, dated cycles, deductions that add up, and spend beyond the limit."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    dependencies = [("aicost", "0006_explorer")]  # noqa: RUF012 - Tortoise's own form
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0007_credit"),
        record("0007_credit"),
    ]
