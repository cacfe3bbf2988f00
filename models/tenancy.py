"""Who there is: organizations, the levels below them, people, memberships and keys.

Tables only; reach and roles are settled in `access.py`, changes are made noun by noun
(`organization.py`, `project.py`, `membership.py`, `api_key.py` ...).
The database's keys are composite (organization first) and set by the migrations; `id` alone is
what Tortoise can know. Instance `save()` and `delete()` would filter by it alone: write through
queries that name the organization.
"""

from tortoise import fields
from tortoise.models import Model


class AppUser(Model):
    """A person, in any number of organizations. `subject` is what their JWT calls them."""

    id = fields.UUIDField(primary_key=True)
    email = fields.TextField()
    name = fields.TextField()
    subject = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "app_user"


class Organization(Model):
    """A tenant. Amounts: `credits_per_dollar` in credits, `included_dollars` a cycle."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    time_zone = fields.TextField()
    billing_mode = fields.TextField()
    plan = fields.TextField()
    cycle_anchor_day = fields.SmallIntField()
    credits_per_dollar = fields.DecimalField(24, 12)
    included_dollars = fields.DecimalField(24, 12, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "organization"


class WorkspaceGroup(Model):
    """A set of workspaces, for figures by team."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    name = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "workspace_group"


class Workspace(Model):
    """The level between organization and project."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    group: fields.ForeignKeyNullableRelation["WorkspaceGroup"] = fields.ForeignKeyField(
        "aicost.WorkspaceGroup", null=True, db_constraint=False
    )
    name = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "workspace"


class Project(Model):
    """What money is spent on."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    workspace: fields.ForeignKeyRelation["Workspace"] = fields.ForeignKeyField(
        "aicost.Workspace", db_constraint=False
    )
    owner: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False
    )
    name = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "project"


class Membership(Model):
    """A person's role at an organization (both levels null), one workspace or one project."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    user: fields.ForeignKeyRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", db_constraint=False
    )
    workspace: fields.ForeignKeyNullableRelation["Workspace"] = fields.ForeignKeyField(
        "aicost.Workspace", null=True, db_constraint=False
    )
    project: fields.ForeignKeyNullableRelation["Project"] = fields.ForeignKeyField(
        "aicost.Project", null=True, db_constraint=False
    )
    role = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "membership"


class ApiKey(Model):
    """A program's credential; only the hash of its secret is kept."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    name = fields.TextField()
    prefix = fields.TextField()
    secret_hash = fields.BinaryField()
    role = fields.TextField()
    user: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False
    )
    workspace: fields.ForeignKeyNullableRelation["Workspace"] = fields.ForeignKeyField(
        "aicost.Workspace", null=True, db_constraint=False
    )
    project: fields.ForeignKeyNullableRelation["Project"] = fields.ForeignKeyField(
        "aicost.Project", null=True, db_constraint=False
    )
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"


class AuditEvent(Model):
    """One act of administration, with what was before and what is after. Append-only."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation["Organization"] = fields.ForeignKeyField(
        "aicost.Organization", db_constraint=False
    )
    occurred_at = fields.DatetimeField()
    user: fields.ForeignKeyNullableRelation["AppUser"] = fields.ForeignKeyField(
        "aicost.AppUser", null=True, db_constraint=False
    )
    api_key_id = fields.UUIDField(null=True)
    action = fields.TextField()
    subject_kind = fields.TextField()
    subject_id = fields.UUIDField()
    old_value: fields.JSONField[dict[str, object] | None] = fields.JSONField(null=True)
    new_value: fields.JSONField[dict[str, object] | None] = fields.JSONField(null=True)

    class Meta:
        table = "audit_event"
