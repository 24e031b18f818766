"""Process definitions by filter."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.queries.paging import EVERYTHING, Paging, count_of, like, order, section
from engine.tables import definition, deployment
from engine.unit_of_work import UnitOfWork

SORTS: dict[str, sa.ColumnElement[Any]] = {
    "id": definition.c.id, "key": definition.c.key, "name": definition.c.name, "version": definition.c.version,
    "deploymentId": definition.c.deployment_id, "deployTime": deployment.c.deployed_at,
}


@dataclass(frozen=True, slots=True)
class DefinitionQuery:
    """Filters of process definitions; None: any."""

    process_definition_id: str | None = None
    process_definition_id_in: tuple[str, ...] | None = None
    key: str | None = None
    keys_in: tuple[str, ...] | None = None
    key_like: str | None = None
    name: str | None = None
    name_like: str | None = None
    version: int | None = None
    latest_version: bool | None = None
    deployment_id: str | None = None
    resource_name: str | None = None
    resource_name_like: str | None = None


def page(uow: UnitOfWork, query: DefinitionQuery, paging: Paging = EVERYTHING) -> list[sa.Row[Any]]:
    """Rows of `definition` with `deployed_at`."""
    return uow.rows(section(_select(query).order_by(*order(SORTS, paging)), paging))


def count(uow: UnitOfWork, query: DefinitionQuery) -> int:
    """How many there are."""
    return int(uow.scalar(count_of(_select(query))))


def deployment_page(uow: UnitOfWork, deployment_id: str | None = None, paging: Paging = EVERYTHING) -> list[sa.Row[Any]]:
    """Rows of `deployment`, newest first; `deployment_id` for one."""
    statement = sa.select(deployment).order_by(deployment.c.deployed_at.desc(), deployment.c.id.desc())
    return uow.rows(section(statement.where(deployment.c.id == deployment_id) if deployment_id else statement, paging))


def _select(query: DefinitionQuery) -> sa.Select[Any]:
    statement = sa.select(definition, deployment.c.deployed_at).join(deployment, deployment.c.id == definition.c.deployment_id)
    return statement.where(definition.c.kind == "process", *_conditions(query))


def _conditions(query: DefinitionQuery) -> list[sa.ColumnElement[bool]]:
    row = definition.c
    equal = {row.id: query.process_definition_id, row.key: query.key, row.name: query.name, row.version: query.version,
             row.deployment_id: query.deployment_id, row.resource_name: query.resource_name}
    alike = {row.key: query.key_like, row.name: query.name_like, row.resource_name: query.resource_name_like}
    among = {row.id: query.process_definition_id_in, row.key: query.keys_in}
    found = [column == value for column, value in equal.items() if value is not None]
    found += [like(column, value) for column, value in alike.items() if value is not None]
    found += [column.in_(values) for column, values in among.items() if values is not None]
    return [*found, _is_latest()] if query.latest_version else found


def _is_latest() -> sa.ColumnElement[bool]:
    newer = definition.alias()
    is_newer = (newer.c.kind == "process", newer.c.key == definition.c.key, newer.c.version > definition.c.version,
                newer.c.withdrawn_at.is_(None))
    return sa.and_(definition.c.withdrawn_at.is_(None), ~sa.exists().where(*is_newer))
