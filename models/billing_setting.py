"""A project's settings and every change of them, as tables. `budget.py` gives them meaning."""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.tenancy import AppUser, Organization, Project


class BillingSetting(Model):
    """One setting of a project; `project` and `key` are its key, which Tortoise cannot express."""

    project: fields.OneToOneRelation["Project"] = fields.OneToOneField(
        "aicost.Project", primary_key=True, db_constraint=False
    )
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    key = fields.TextField()
    value = fields.TextField()
    updated_at = fields.DatetimeField()
    updated_by: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False, source_field="updated_by"
    )

    class Meta:
        table = "billing_setting"


class BillingSettingChange(Model):
    """One change of a setting, with both values. Append-only."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    project: fields.ForeignKeyRelation["Project"] = fields.ForeignKeyField(
        "aicost.Project", db_constraint=False
    )
    key = fields.TextField()
    old_value = fields.TextField(null=True)
    new_value = fields.TextField(null=True)
    changed_at = fields.DatetimeField()
    changed_by: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False, source_field="changed_by"
    )
    api_key_id = fields.UUIDField(null=True)

    class Meta:
        table = "billing_setting_change"
