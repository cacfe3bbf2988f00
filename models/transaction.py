"""The ledger's tables: credit transactions, how they were paid for, and the rates they refer to.

Append-only: the serving role has no UPDATE or DELETE here. Entries are written by `ledger.py`.
"""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.activity import AgentJob, PipelineRun
    from models.tenancy import ApiKey, AppUser, Organization, Project, Workspace
    from models.usage_import import UsageImport


class Rate(Model):
    """Six unit prices in dollars per million tokens, and `request` per thousand. Immutable."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    provider = fields.TextField()
    model = fields.TextField()
    service_tier = fields.TextField()
    input = fields.DecimalField(24, 6)
    cache_read = fields.DecimalField(24, 6)
    cache_write_5m = fields.DecimalField(24, 6)
    cache_write_1h = fields.DecimalField(24, 6)
    output = fields.DecimalField(24, 6)
    reasoning = fields.DecimalField(24, 6)
    request = fields.DecimalField(24, 6)
    created_at = fields.DatetimeField()

    class Meta:
        table = "rate"


class CreditTransaction(Model):
    """One entry: deltas of tokens, requests, unpriced and cost that follow from its own event."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    project: fields.ForeignKeyRelation["Project"] = fields.ForeignKeyField(
        "aicost.Project", db_constraint=False
    )
    workspace: fields.ForeignKeyRelation["Workspace"] = fields.ForeignKeyField(
        "aicost.Workspace", db_constraint=False
    )
    run: fields.ForeignKeyNullableRelation["PipelineRun"] = fields.ForeignKeyField(
        "aicost.PipelineRun", null=True, db_constraint=False
    )
    job: fields.ForeignKeyNullableRelation["AgentJob"] = fields.ForeignKeyField(
        "aicost.AgentJob", null=True, db_constraint=False
    )
    occurred_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    local_date = fields.DateField()
    utc_offset_seconds = fields.IntField()
    part = fields.IntField()
    requests = fields.SmallIntField()
    unpriced = fields.SmallIntField()
    kind = fields.TextField()
    operation = fields.TextField()
    outcome = fields.TextField()
    event_key = fields.TextField()
    report_key = fields.TextField(null=True)
    agent_type = fields.TextField()
    initiator = fields.TextField(null=True)
    surface = fields.TextField(null=True)
    provider = fields.TextField(null=True)
    model = fields.TextField(null=True)
    service_tier = fields.TextField(default="")
    api_key: fields.ForeignKeyNullableRelation["ApiKey"] = fields.ForeignKeyField(
        "aicost.ApiKey", null=True, db_constraint=False
    )
    user: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False
    )
    input = fields.BigIntField()
    cache_read = fields.BigIntField()
    cache_write_5m = fields.BigIntField()
    cache_write_1h = fields.BigIntField()
    output = fields.BigIntField()
    reasoning = fields.BigIntField()
    input_includes_cache = fields.BooleanField(null=True)
    output_includes_reasoning = fields.BooleanField(null=True)
    duration_ms = fields.IntField(null=True)
    rate: fields.ForeignKeyNullableRelation["Rate"] = fields.ForeignKeyField(
        "aicost.Rate", null=True, db_constraint=False
    )
    cost = fields.DecimalField(24, 12, null=True)
    source_cost = fields.DecimalField(24, 12, null=True)
    content_hash = fields.BinaryField()
    corrects_id = fields.UUIDField(null=True)
    reason = fields.TextField(null=True)
    import_: fields.ForeignKeyNullableRelation["UsageImport"] = fields.ForeignKeyField(
        "aicost.UsageImport", null=True, db_constraint=False, source_field="import_id"
    )
    reservation_id = fields.UUIDField(null=True)

    class Meta:
        table = "credit_transaction"


class CreditDeduction(Model):
    """How an entry was paid for; none means wholly included, and no credits.

    `place` is the order of posting, `cycle_start` the cycle that was running then;
    `credits_per_dollar` is null where no credits were taken, `limit_dollars` where no limit was.
    """

    transaction: fields.OneToOneRelation["CreditTransaction"] = fields.OneToOneField(
        "aicost.CreditTransaction", primary_key=True, db_constraint=False
    )
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    monthly_credits = fields.DecimalField(38, 18, default=0)
    bonus_credits = fields.DecimalField(38, 18, default=0)
    overage_credits = fields.DecimalField(38, 18, default=0)
    included_cost = fields.DecimalField(24, 12, default=0)
    on_demand_cost = fields.DecimalField(24, 12, default=0)
    running_total = fields.DecimalField(30, 12)
    credits_per_dollar = fields.DecimalField(24, 12, null=True)
    limit_dollars = fields.DecimalField(24, 12, null=True)
    cycle_start = fields.DatetimeField()
    place = fields.BigIntField(default=0)
    posted_at = fields.DatetimeField()

    class Meta:
        table = "credit_deduction"
