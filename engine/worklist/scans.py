"""Which index serves which list: the scans of each view, with the criteria that an index decides.

What an absent person would find is found by who stands in for them, too, in `mine` and `groups`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine import identity
from engine.tables import task, task_candidate, watch
from engine.unit_of_work import UnitOfWork
from engine.worklist.criteria import Criteria, View, conditions, is_due
from engine.worklist.listing import EXAMINED, Listing, Scan
from engine.worklist.searching import Wanted
from engine.worklist_changes import sees_everything

Condition = sa.ColumnElement[bool]
Conditions = Mapping[str, Condition]
IS_OPEN: Condition = task.c.state == "open"
IS_FREE: Condition = task.c.assignee.is_(None)
NOTHING = Listing(())


def listing(uow: UnitOfWork, view: View, criteria: Criteria, wanted: Wanted | None) -> Listing:
    """What the list `view` of the actor consists of."""
    all_of_it = conditions(criteria, uow.now)
    if wanted and wanted.is_rare:
        return _in_few_cases(uow, view, [wanted.condition, *all_of_it.values()])
    found = _VIEWS[view](uow, criteria, all_of_it)
    return Listing(found.scans, (*found.rest, wanted.condition), found.newest_first) if wanted else found


def leads_offices(uow: UnitOfWork) -> frozenset[str] | None:
    """The offices whose tasks the actor sees in the list `office`; None: all of them (central leads, administrators)."""
    if sees_everything(uow.actor):
        return None
    leading = {row.id for row in identity.groups(uow) if row.leads}
    led = frozenset(place for group, place in uow.actor.memberships if group in leading)
    return None if "" in led else led


def _people(uow: UnitOfWork) -> list[str]:
    return sorted({uow.actor.id, *uow.actor.stands_for})


def _memberships(uow: UnitOfWork) -> list[tuple[str, str]]:
    return sorted(uow.actor.memberships.union(*uow.actor.stands_for.values()))


def _tasks(*where: Condition) -> Scan:
    return Scan(task.c.sort_due, task.c.id, (IS_OPEN, *where))


def _without(all_of_it: Conditions, *decided: str) -> tuple[Condition, ...]:
    return tuple(condition for name, condition in all_of_it.items() if name not in decided)


def _only(all_of_it: Conditions, *names: str) -> tuple[Condition, ...]:
    return tuple(all_of_it[name] for name in names if name in all_of_it)


# ------------------------------------------------------------------ views
def _mine(uow: UnitOfWork, criteria: Criteria, all_of_it: Conditions) -> Listing:
    people = [each for each in _people(uow) if criteria.assignee in (None, each)]
    scans = [_tasks(task.c.assignee == each, *_only(all_of_it, "due")) for each in people]
    return Listing(scans, _without(all_of_it, "due", "assignee"))


def _groups(uow: UnitOfWork, criteria: Criteria, all_of_it: Conditions) -> Listing:
    if criteria.assignee:
        return NOTHING  # what is in this list has no assignee
    if sees_everything(uow.actor):
        return _offices(uow, None, criteria, {**all_of_it, "assignee": IS_FREE})
    held = [(group, place) for group, place in _memberships(uow) if criteria.office is None or place in ("", criteria.office)]
    is_decided = all(place for _, place in held)
    rest = _without(all_of_it, "process", "due", "assignee", *(["office"] if is_decided else []))
    return Listing([_offered(uow, group, place, criteria) for group, place in held], rest)


def _offered(uow: UnitOfWork, group: str, place: str, criteria: Criteria) -> Scan:
    here = task_candidate.c
    where = [here.group_id == group, here.office == place]
    if criteria.process is not None:
        where.append(here.root_key == criteria.process)
    if criteria.due:
        where.append(is_due(here.sort_due, criteria.due, uow.now))
    return Scan(here.sort_due, here.task_id, where)


def _office(uow: UnitOfWork, criteria: Criteria, all_of_it: Conditions) -> Listing:
    led = leads_offices(uow)
    if led is not None and (not led or criteria.office not in (None, *led)):
        return NOTHING
    if criteria.assignee:
        where = () if led is None else (task.c.office.in_(sorted(led)),)
        return Listing([_tasks(*_only(all_of_it, "assignee", "due"))], (*_without(all_of_it, "assignee", "due"), *where))
    return _offices(uow, led, criteria, all_of_it)


def _offices(uow: UnitOfWork, led: Collection[str] | None, criteria: Criteria, all_of_it: Conditions) -> Listing:
    """One scan for each of the offices; one of all tasks where all offices and processes are wanted."""
    places: Collection[str] | None = [criteria.office] if criteria.office is not None else led
    if places is None and criteria.process is not None:
        places = [row.id for row in identity.offices(uow)]
    decided = _only(all_of_it, "process", "due")
    if places is None:
        return Listing([_tasks(*decided)], _without(all_of_it, "process", "due"))
    scans = [_tasks(task.c.office == place, *decided) for place in sorted(places)]
    return Listing(scans, _without(all_of_it, "process", "due", "office"))


def _watched(uow: UnitOfWork, _criteria: Criteria, all_of_it: Conditions) -> Listing:
    """The open tasks of the cases watched, the latest of them where there are more than `EXAMINED`."""
    cases = sa.select(watch.c.instance_id).where(watch.c.user_id == uow.actor.id).order_by(watch.c.instance_id.desc())
    return Listing([_tasks(task.c.instance_id.in_(cases.limit(EXAMINED)), *all_of_it.values())])


def _done(uow: UnitOfWork, _criteria: Criteria, all_of_it: Conditions) -> Listing:
    where = (task.c.completed_by == uow.actor.id, task.c.state == "completed")
    return Listing([Scan(task.c.ended_at, task.c.id, where)], tuple(all_of_it.values()), newest_first=True)


_VIEWS = {"mine": _mine, "groups": _groups, "office": _office, "watched": _watched, "done": _done}


# ------------------------------------------------------------------ search
def _in_few_cases(uow: UnitOfWork, view: View, where: Sequence[Condition]) -> Listing:
    """The tasks of the few cases that a search named, with the rule of the view as a condition."""
    if view == "done":
        scan = Scan(task.c.ended_at, task.c.id, (task.c.completed_by == uow.actor.id, task.c.state == "completed", *where))
        return Listing([scan], newest_first=True)
    return Listing([_tasks(_is_in(uow, view), *where)])


def _is_in(uow: UnitOfWork, view: View) -> Condition:
    if view == "mine":
        return task.c.assignee.in_(_people(uow))
    if view == "watched":
        return sa.exists().where(watch.c.user_id == uow.actor.id, watch.c.instance_id == task.c.instance_id)
    if view == "groups":
        return IS_FREE if sees_everything(uow.actor) else _is_offered(_memberships(uow))
    led = leads_offices(uow)
    return sa.true() if led is None else task.c.office.in_(sorted(led))


def _is_offered(held: Collection[tuple[str, str]]) -> Condition:
    """That a task is offered to one of these groups in its office."""
    here = task_candidate.c
    mine: list[Any] = [sa.and_(here.group_id == group, here.office == place) for group, place in held]
    return sa.exists().where(here.task_id == task.c.id, sa.or_(sa.false(), *mine))
