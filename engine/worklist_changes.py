"""Whose lists changed: a row for each audience of a step, for a day, so that an open inbox asks with one index probe.

Audiences: `user:<id>` (assigned to them, or a case that they watch), `group:<group>@<office>` (offered to it; office ""
for a central group), `office:<office>` (every task of an office, for who leads it).
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from engine import canonical, ids
from engine.tables import candidate_group, notice, watch, worklist_change
from engine.unit_of_work import Actor, UnitOfWork

LAST = 20
"""So many of an audience's changes are looked at: one that commits late, behind newer ones, is still seen."""
KEPT = timedelta(days=1)
_ADD = sa.insert(worklist_change)
_WATCHERS = sa.select(watch.c.user_id).where(watch.c.instance_id == sa.bindparam("instance"))


def announce(uow: UnitOfWork, audiences: Iterable[str]) -> None:
    """Say in this transaction that the lists of `audiences` change with it, each once."""
    told: set[str] = uow.cache.setdefault("announced", set())
    new = sorted(set(audiences) - told)
    told.update(new)
    if new:
        uow.later(_ADD, [{"id": ids.new(uow.now), "audience": audience} for audience in new])


def audiences(row: Mapping[str, Any], by_office: Mapping[str, bool]) -> set[str]:
    """Who finds the task `row` (columns of `task`) in a list; `by_office`: candidate group → whether it acts within an office."""
    found = {f"office:{row['office']}"} | {f"user:{row[column]}" for column in ("assignee", "owner") if row[column]}
    if row["assignee"]:
        return found
    named: list[str] = canonical.loads(row["candidate_groups"])
    return found | {f"group:{group}@{row['office'] if by_office.get(group) else ''}" for group in named}


def watchers(uow: UnitOfWork, case: sa.Row[Any]) -> set[str]:
    """The audiences of those who watch a case; most cases have none, and then nothing is asked."""
    if not case.watchers:
        return set()
    return {f"user:{row.user_id}" for row in uow.rows(_WATCHERS, instance=case.id)}


def stamp(uow: UnitOfWork) -> str:
    """A text that is another one whenever a list or the notices of the actor may have changed. One statement, no table scan."""
    who = uow.actor
    people = sorted({who.id, *who.stands_for})
    held = sorted(who.memberships.union(*who.stands_for.values()))
    led = sorted(who.memberships)
    named = [*(f"user:{each}" for each in people), *(f"group:{group}@{office}" for group, office in held)]
    values = {"me": who.id} | {f"audience{n}": each for n, each in enumerate(named)}
    for number, (group, office) in enumerate(led):
        values |= {f"group{number}": group} | ({f"office{number}": f"office:{office}"} if office else {})
    rows = uow.rows(_probe(len(named), tuple(bool(office) for _, office in led), everything=sees_everything(who)), **values)
    return canonical.digest("\n".join([*named, *sorted({row.id for row in rows})]))[:32]


def prune(uow: UnitOfWork) -> int:
    """Delete what is older than a day; says how many rows went."""
    return uow.execute(sa.delete(worklist_change).where(worklist_change.c.id < ids.first(uow.now - KEPT))).rowcount


def sees_everything(who: Actor) -> bool:
    """Whether every unclaimed task is in the actor's lists, whoever it is offered to."""
    return who.is_admin or who.acts_everywhere


@cache
def _probe(named: int, offices: tuple[bool, ...], *, everything: bool) -> sa.Select[Any]:
    """The last changes of so many audiences and of the offices that the actor leads (False: of all); the last notices."""
    change = worklist_change.c
    parts = [_last(change.audience == sa.bindparam(f"audience{n}")) for n in range(named)]
    for number, has_office in enumerate(offices):
        leads = sa.exists().where(candidate_group.c.id == sa.bindparam(f"group{number}"), candidate_group.c.leads)
        here = (change.audience == sa.bindparam(f"office{number}"),) if has_office else ()
        parts.append(_last(leads, *here))
    parts += [_last()] if everything else []
    return sa.select(sa.union_all(*parts, *_notices()).subquery().c.id)


def _last(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    query = sa.select(worklist_change.c.id).where(*conditions).order_by(worklist_change.c.id.desc()).limit(LAST)
    return sa.select(query.subquery().c.id)


def _notices() -> list[sa.Select[Any]]:
    """The newest notice, and those not seen yet: told, and marked as seen elsewhere."""
    mine = notice.c.user_id == sa.bindparam("me")
    newest = sa.select(notice.c.id).where(mine).order_by(notice.c.created_at.desc(), notice.c.id.desc()).limit(1)
    unseen = sa.select(("unseen:" + notice.c.id).label("id")).where(mine, notice.c.seen_at.is_(None))
    unseen = unseen.order_by(notice.c.id.desc()).limit(LAST)
    return [sa.select(query.subquery().c.id) for query in (newest, unseen)]
