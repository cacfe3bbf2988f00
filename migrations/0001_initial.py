"""The first schema: tenancy, prices, activity, the ledger and its rollups."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    initial = True
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0001_tenancy"),
        *statements("0001_ledger"),
        *statements("0001_rollup"),
        record("0001_initial"),
    ]
