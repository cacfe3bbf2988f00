"""The project that spans belong to: as they say, as the request says, as the caller can reach.

In this order: `aicost.project.id` or `aicost.project` of the span or its resource; the header
`x-aicost-project`; the only project within the caller's reach; the project named like
`service.name`. Whoever may make projects (ADMIN of the organization) makes a name's project by
using it. Refused: making one for a MEMBER, and choosing between two of one name.
"""

from uuid import UUID

import asyncpg

from models import ids
from models.access import Role, Scope, locate_project
from models.db import Database, sql
from models.errors import BadInputError, ForbiddenError, NotFoundError, UserErrors
from models.naming import clean_name
from models.otel_attribute import PROJECT, PROJECT_ID, SERVICE_NAME
from models.otel_span import Span
from models.project import find_projects, get_or_create_project

HEADER = "x-aicost-project"
REFUSALS = (BadInputError, ForbiddenError, NotFoundError, UserErrors)
"""What says that a project cannot be used, and why."""
UNNAMED_SERVICE = "OpenTelemetry"
"""Names the project of services that have no name; their SDKs then say `unknown_service`."""
_UNKNOWN_SERVICE = "unknown_service"


class ProjectFinder:
    """Finds the projects of one request's spans; each name is looked up once."""

    def __init__(self, database: Database, scope: Scope, header: str | None) -> None:
        self._database = database
        self._scope = scope
        self._header = (header or "").strip()
        self._found: dict[tuple[str, str], UUID | Exception] = {}

    async def find(self, span: Span) -> UUID:
        """The span's project, in which the caller is MEMBER.

        Raises one of `REFUSALS` with what to send instead.
        """
        told_id, told = span.told(PROJECT_ID), span.told(PROJECT)
        if told_id is not None:
            return await self._cached("id", str(told_id).strip())
        if told is not None:
            return await self._cached("named", str(told).strip())
        if self._header:
            return await self._cached("named", self._header)
        service = str(span.resource.get(SERVICE_NAME, "")).strip()
        if not service or service.startswith(_UNKNOWN_SERVICE):
            service = UNNAMED_SERVICE
        return await self._cached("service", service)

    async def _cached(self, how: str, text: str) -> UUID:
        found = self._found.get((how, text))
        if found is None:
            try:
                async with self._database.transaction() as connection:
                    found = await self._look_up(connection, how, text)
            except REFUSALS as error:
                found = error
            self._found[how, text] = found
        if isinstance(found, Exception):
            raise found
        return found

    async def _look_up(self, connection: asyncpg.Connection, how: str, text: str) -> UUID:
        if how == "service":
            only = await self._only_project(connection)
            if only is not None:
                return only
        project_id = _project_id(self._scope, text)
        if project_id is None and how == "id":
            raise NotFoundError("There is no such project.")
        if project_id is None:
            project_id = await self._by_name(connection, text)
        await locate_project(connection, self._scope, project_id, Role.MEMBER)
        return project_id

    async def _only_project(self, connection: asyncpg.Connection) -> UUID | None:
        """The one project that a caller who may make none can reach, if it is one."""
        if self._may_make:
            return None
        rows = await connection.fetch(
            sql("project_some"), self._scope.organization_id, self._scope.project_ids
        )
        if len(rows) != 1:
            return None
        project_id: UUID = rows[0]["id"]
        self._scope.require_project(project_id, Role.MEMBER)
        return project_id

    async def _by_name(self, connection: asyncpg.Connection, name: str) -> UUID:
        name = clean_name(name, "project")
        found = await find_projects(connection, self._scope, name)
        if len(found) > 1:
            raise BadInputError(f"Several projects are named {name!r}; send {PROJECT_ID}.")
        if found:
            return found[0]
        if not self._may_make:
            raise NotFoundError(
                f"There is no project named {name!r} within reach; name one by {PROJECT_ID},"
                f" {PROJECT} or the header {HEADER}."
            )
        return (await get_or_create_project(connection, self._scope, name))[0]

    @property
    def _may_make(self) -> bool:
        held = self._scope.organization_role
        return held is not None and held >= Role.ADMIN


def _project_id(scope: Scope, text: str) -> UUID | None:
    """The project of a public id; None for what is no id, or another organization's."""
    try:
        parsed = ids.decode(text)
    except ValueError:
        return None
    is_ours = parsed.kind == ids.PROJECT and parsed.organization_id == scope.organization_id
    return parsed.id if is_ours and not parsed.rest else ids.NIL
