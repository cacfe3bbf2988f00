"""The first schema: tenancy, prices, activity, the ledger, its rollups, marks of traces."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from models.migration import record, statements


class Migration(TortoiseMigration):
    initial = True
    operations = [  # noqa: RUF012 - Tortoise's own form
        *statements("0001_tenancy"),
        *statements("0001_ledger"),
        *statements("0001_rollup"),
        *statements("0001_otel"),
        record("0001_initial"),
    ]
