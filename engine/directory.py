"""The administrator's read side of the organization: users by page, members by office, and what was changed by whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import canonical, history
from engine.tables import candidate_group, history_body, history_event, membership, office, process_instance, user_account
from engine.unit_of_work import UnitOfWork

ROUTINE = ("sign_in", "sign_out")
SHOWN = 50


@dataclass(frozen=True, slots=True)
class People:
    """A page of users: rows of `user_account`, the memberships of each, and the id to go on after (None: the end)."""

    rows: Sequence[sa.Row[Any]]
    memberships: Mapping[str, Sequence[tuple[str, str]]]
    after: str | None


def people(uow: UnitOfWork, *, search: str = "", place: str = "", group: str = "", is_active: bool = True,
           after: str = "") -> People:
    """Users by id, after the id `after`: with `search` in id, name or address, a membership at `place`, of `group`."""
    query = sa.select(user_account).where(user_account.c.is_active == is_active, user_account.c.id > after)
    for word in search.split():
        columns = (user_account.c.id, user_account.c.name, user_account.c.name_en, user_account.c.email)
        query = query.where(sa.or_(*(sa.func.lower(column).contains(word.lower(), autoescape=True) for column in columns)))
    held = sa.select(membership.c.user_id)
    held = held.where(membership.c.office == place) if place else held
    held = held.where(membership.c.group_id == group) if group else held
    if place or group:
        query = query.where(user_account.c.id.in_(held))
    rows = uow.rows(query.order_by(user_account.c.id).limit(SHOWN + 1))
    shown = rows[:SHOWN]
    return People(shown, _memberships(uow, [row.id for row in shown]), shown[-1].id if len(rows) > SHOWN else None)


def members(uow: UnitOfWork) -> dict[str, dict[str, list[sa.Row[Any]]]]:
    """Group → office ("" for a central group) → its active users, by id."""
    query = sa.select(membership.c.group_id, membership.c.office, user_account.c.id, user_account.c.name, user_account.c.name_en)
    found: dict[str, dict[str, list[sa.Row[Any]]]] = {}
    joined = query.join(user_account, user_account.c.id == membership.c.user_id).where(user_account.c.is_active)
    for row in uow.rows(joined.order_by(user_account.c.id)):
        found.setdefault(row.group_id, {}).setdefault(row.office, []).append(row)
    return found


def offices(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """All offices, by id, with `cases`: how many have not ended there, and `people`: how many active users."""
    cases = sa.select(sa.func.count()).select_from(process_instance).where(
        process_instance.c.office == office.c.id, process_instance.c.ended_at.is_(None)).scalar_subquery()
    here = sa.select(sa.func.count(sa.distinct(membership.c.user_id))).join(
        user_account, user_account.c.id == membership.c.user_id).where(
            membership.c.office == office.c.id, user_account.c.is_active).scalar_subquery()
    return uow.rows(sa.select(office, cases.label("cases"), here.label("people")).order_by(office.c.id))


def groups(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """All candidate groups, by id."""
    return uow.rows(sa.select(candidate_group).order_by(candidate_group.c.id))


@dataclass(frozen=True, slots=True)
class Change:
    """One change on the record; `differences` are `(field, before, after)` where the two are not the same."""

    seq: int
    at: datetime
    actor: str
    command: str
    subject: str
    reason: str
    differences: Sequence[tuple[str, Any, Any]]


def changes(uow: UnitOfWork, *, actor: str = "", command: str = "", subject: str = "", before: int | None = None,
            limit: int = SHOWN) -> tuple[list[Change], int | None]:
    """What is on the record of the organization, newest first, older than `before`; and the number to go on before.

    Signing in and out is told only where it is asked for by `command`. The number is None at the end.
    """
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    query = sa.select(history_event, history_body.c.body).outerjoin(history_body, same).where(
        history_event.c.instance_id == history.ORGANIZATION)
    for column, value in (("actor", actor), ("command", command), ("element", subject)):
        query = query.where(history_event.c[column] == value) if value else query
    query = query if command else query.where(history_event.c.command.not_in(ROUTINE))
    query = query.where(history_event.c.seq < before) if before is not None else query
    rows = uow.rows(query.order_by(history_event.c.seq.desc()).limit(limit + 1))
    shown = rows[:limit]
    return [_change(row) for row in shown], shown[-1].seq if len(rows) > limit else None


def commands(uow: UnitOfWork) -> tuple[list[str], list[str]]:
    """What there is to filter by: the kinds of change and the people who made one."""
    here = history_event.c.instance_id == history.ORGANIZATION
    kinds = uow.rows(sa.select(history_event.c.command).where(here).distinct())
    actors = uow.rows(sa.select(history_event.c.actor).where(here).distinct())
    return sorted(row.command for row in kinds), sorted(row.actor for row in actors)


def _change(row: sa.Row[Any]) -> Change:
    body = canonical.loads(bytes(row.body)) if row.body is not None else {}
    before, after = body.get("before"), body.get("after")
    return Change(row.seq, row.at, row.actor, row.command, row.element or "", body.get("reason", ""), _differences(before, after))


def _differences(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    if not isinstance(before, dict) and not isinstance(after, dict):
        return [] if before == after else [("", before, after)]
    old, new = before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}
    return [(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]


def _memberships(uow: UnitOfWork, users: list[str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    query = sa.select(membership).where(membership.c.user_id.in_(users)).order_by(membership.c.group_id, membership.c.office)
    for row in uow.rows(query):
        found.setdefault(row.user_id, []).append((row.group_id, row.office))
    return found
