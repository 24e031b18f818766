"""Separation of duties: whom the property `not_by` keeps from a task (5.1.18; quotes and approvals), and who wrote a draft."""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical
from engine.diagram.model import Element
from engine.errors import NotFound
from engine.tables import model_author, process_instance, task, variable
from engine.unit_of_work import UnitOfWork

_IS_AUTHOR = sa.select(model_author.c.user_id).where(
    model_author.c.draft_id == sa.bindparam("draft"), model_author.c.user_id == sa.bindparam("user"))


def excluded(uow: UnitOfWork, row: sa.Row[Any], case: sa.Row[Any] | None = None) -> frozenset[str]:
    """The users whom the property `not_by` keeps from the task `row`, administrators included (5.1.18).

    It lists elements (whoever completed one of them in this case, also by a substitute) and variables (whoever is named there).
    """
    if case is None:
        case = uow.row(sa.select(process_instance).where(process_instance.c.id == row.instance_id))
    if case is None:
        raise NotFound(kind="process_instance", id=row.instance_id)
    return excluded_by(uow, row, bundles.load(uow, case.bundle_id).element(row.process_key, row.element), case.tokens)


def excluded_by(uow: UnitOfWork, row: sa.Row[Any], element: Element, tokens: str) -> frozenset[str]:
    """The same by the `not_by` of `element`, for a case with these tokens."""
    names = listed(element.properties.get("not_by", ""))
    return _completed(uow, row, names) | _named(uow, row, names, tokens) if names else frozenset()


def is_author(uow: UnitOfWork, draft: sa.Row[Any]) -> bool:
    """Whether the actor made, edited or submitted any of a row of `model_draft`."""
    if uow.actor.id in (draft.created_by, draft.submitted_by):
        return True
    return uow.row(_IS_AUTHOR, draft=draft.id, user=uow.actor.id) is not None


def listed(text: str) -> list[str]:
    """The names in a list of a diagram, divided by commas or spaces."""
    return [word for word in re.split(r"[,\s]+", text) if word]


def _completed(uow: UnitOfWork, row: sa.Row[Any], names: list[str]) -> frozenset[str]:
    query = sa.select(task.c.completed_by, task.c.completed_for).where(
        task.c.instance_id == row.instance_id, task.c.element.in_(names), task.c.state == "completed")
    return frozenset(who for found in uow.rows(query) for who in found if who)


def _named(uow: UnitOfWork, row: sa.Row[Any], names: list[str], tokens: str) -> frozenset[str]:
    """Who is named in the variables nearest to the task, counting those of calling processes too."""
    scopes = _scopes_around(row.token, canonical.loads(tokens))
    query = sa.select(variable).where(
        variable.c.instance_id == row.instance_id, variable.c.name.in_(names), variable.c.scope.in_(scopes))
    nearest: dict[str, Any] = {}
    for found in sorted(uow.rows(query), key=lambda each: scopes.index(each.scope)):
        nearest.setdefault(found.name, canonical.loads(found.value))
    values = [each for value in nearest.values() for each in (value if isinstance(value, list) else [value])]
    return frozenset(each for each in values if isinstance(each, str))


def _scopes_around(token: int, state: Mapping[str, Any]) -> list[int]:
    outer = {each["id"]: each["in"] for each in state["tokens"]}
    found = [token]
    while found[-1] in outer and outer[found[-1]] not in found:
        found.append(outer[found[-1]])
    return found
