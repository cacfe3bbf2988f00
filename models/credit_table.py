"""The tables of credits: each organization's running state, and what it follows from.

The balance is written by `credit_balance.py` and `deduction.py`, billing by `billing.py`. Grants
are append-only.
"""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.tenancy import AppUser, Organization


class CreditBalance(Model):
    """What an organization has and used in the running cycle, and how it is billed."""

    organization: fields.OneToOneRelation["Organization"] = fields.OneToOneField(
        "aicost.Organization", primary_key=True, db_constraint=False
    )
    billing_mode = fields.TextField()
    plan = fields.TextField()
    monthly_credits = fields.DecimalField(38, 18, null=True)
    credits_per_dollar = fields.DecimalField(24, 12)
    included_dollars = fields.DecimalField(24, 12, null=True)
    credits_from = fields.DatetimeField(null=True)
    limit_from = fields.DatetimeField(null=True)
    cycle_start = fields.DatetimeField()
    cycle_end = fields.DatetimeField()
    monthly_granted = fields.DecimalField(38, 18, default=0)
    monthly_used = fields.DecimalField(38, 18, default=0)
    bonus_granted = fields.DecimalField(38, 18, default=0)
    bonus_used = fields.DecimalField(38, 18, default=0)
    overage = fields.DecimalField(38, 18, default=0)
    held = fields.DecimalField(38, 18, default=0)
    running_total = fields.DecimalField(30, 12, default=0)
    on_demand = fields.DecimalField(30, 12, default=0)
    exhausted_at = fields.DatetimeField(null=True)
    deductions = fields.BigIntField(default=0)

    class Meta:
        table = "credit_balance"


class CreditGrant(Model):
    """Credits that came or lapsed: a cycle's, a better plan's, an expiry, a bonus."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    kind = fields.TextField()
    credits = fields.DecimalField(38, 18)
    cycle_start = fields.DatetimeField()
    granted_at = fields.DatetimeField()
    reason = fields.TextField()
    user: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False
    )
    api_key_id = fields.UUIDField(null=True)

    class Meta:
        table = "credit_grant"
