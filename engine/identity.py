"""Users, groups and offices, and every question that begins with "may" (details.md, Offices, groups, who may).

A membership of a group that acts within an office names the office; one of a central group has the office "".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.diagram.model import Process
from engine.duties import excluded, is_author, listed
from engine.errors import Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import (
    UtcDateTime,
    candidate_group,
    membership,
    office,
    process_instance,
    substitution,
    task,
    user_account,
    web_session,
)
from engine.unit_of_work import Actor, UnitOfWork

USER_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SESSIONS_KEPT = timedelta(days=2)
FLAGS = ("is_admin", "sees_all", "acts_everywhere")

_ACCOUNT = sa.select(
    user_account.c.id, user_account.c.is_admin, user_account.c.sees_all, user_account.c.acts_everywhere, user_account.c.revision,
    membership.c.group_id, membership.c.office, candidate_group.c.models, candidate_group.c.approves, candidate_group.c.audits,
    sa.false().label("is_absent"),
).outerjoin(membership, membership.c.user_id == user_account.c.id).outerjoin(
    candidate_group, candidate_group.c.id == membership.c.group_id).where(
    user_account.c.id == sa.bindparam("user"), user_account.c.is_active)
_GROUPS = sa.select(candidate_group).order_by(candidate_group.c.id)
_OFFICES = sa.select(office).order_by(office.c.id)
_absent = user_account.alias("absent")
_STANDS_FOR = sa.select(
    _absent.c.id, _absent.c.is_admin, _absent.c.sees_all, _absent.c.acts_everywhere, _absent.c.revision,
    membership.c.group_id, membership.c.office, sa.false(), sa.false(), sa.false(), sa.true(),
).select_from(substitution).join(
    _absent, sa.and_(_absent.c.id == substitution.c.user_id, _absent.c.is_active),
).outerjoin(membership, membership.c.user_id == substitution.c.user_id).where(
    substitution.c.substitute_id == sa.bindparam("user"), substitution.c.from_at <= sa.bindparam("now", type_=UtcDateTime()),
    substitution.c.until_at > sa.bindparam("now", type_=UtcDateTime()), substitution.c.ended_at.is_(None))
_ACCOUNT_AND_ABSENT = sa.union_all(_ACCOUNT, _STANDS_FOR)
_IS_NEAR = sa.select(task.c.id).where(task.c.instance_id == sa.bindparam("instance"), sa.or_(
    task.c.office.in_(sa.bindparam("offices", expanding=True)),
    task.c.assignee.in_(sa.bindparam("people", expanding=True)))).limit(1)


# ------------------------------------------------------------------ who
def actor(uow: UnitOfWork, user_id: str) -> Actor:
    """The active user `user_id` with memberships. `Forbidden` if there is none."""
    found = account(uow, user_id)
    if found is None:
        raise Forbidden("no_such_user", user=user_id)
    return found[0]


def account(uow: UnitOfWork, user_id: str) -> tuple[Actor, int] | None:
    """The active user `user_id` with memberships and whom it stands in for, and its row's revision; None if there is none."""
    found = uow.rows(_ACCOUNT_AND_ABSENT, user=user_id, now=uow.now)
    rows = [row for row in found if not row.is_absent]
    if not rows:
        return None
    memberships = frozenset((row.group_id, row.office) for row in rows if row.group_id is not None)
    first = rows[0]
    flags = (first.is_admin, first.sees_all, first.acts_everywhere)
    who = Actor(first.id, memberships, *flags, stands_for=_stands_for([row for row in found if row.is_absent]),
                models=any(row.models for row in rows), approves=any(row.approves for row in rows),
                audits=any(row.audits for row in rows))
    return who, first.revision


def _stands_for(rows: Iterable[sa.Row[Any]]) -> dict[str, frozenset[tuple[str, str]]]:
    """The people who are absent now and whose substitute the user is, with their memberships; not whom those stand in for."""
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for row in rows:
        held = {(row.group_id, row.office)} if row.group_id is not None else frozenset[tuple[str, str]]()
        found[row.id] = found.get(row.id, frozenset()) | held
    return found


def user(uow: UnitOfWork, user_id: str) -> sa.Row[Any]:
    """A user's row, active or not. `NotFound` if there is none."""
    row = uow.row(sa.select(user_account).where(user_account.c.id == user_id))
    if row is None:
        raise NotFound(kind="user", id=user_id)
    return row


def users(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """All users, by id."""
    return uow.rows(sa.select(user_account).order_by(user_account.c.id))


def groups(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """All candidate groups, by id."""
    return uow.rows_once(_GROUPS)


def offices(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """All offices, by id."""
    return uow.rows_once(_OFFICES)


def members(uow: UnitOfWork, group: str, place: str = "") -> list[sa.Row[Any]]:
    """The active users of a group, by id; of a group that acts within an office those of the office `place`."""
    is_member = sa.and_(membership.c.user_id == user_account.c.id, membership.c.group_id == group,
                        membership.c.office.in_(["", place]))
    query = sa.select(user_account).where(user_account.c.is_active, sa.exists().where(is_member))
    return uow.rows(query.order_by(user_account.c.id))


def members_of_any(uow: UnitOfWork, places: Iterable[tuple[str, str]]) -> list[sa.Row[Any]]:
    """The active users of any of these groups, each in its office `(group, office)`, by id; one statement."""
    held = {each for group, place in places for each in ((group, place), (group, ""))}
    if not held:
        return []
    is_member = sa.and_(membership.c.user_id == user_account.c.id,
                        sa.tuple_(membership.c.group_id, membership.c.office).in_(sorted(held)))
    query = sa.select(user_account).where(user_account.c.is_active, sa.exists().where(is_member))
    return uow.rows(query.order_by(user_account.c.id))


def prune_sessions(uow: UnitOfWork) -> int:
    """Forget sessions that idled for days (`web/sessions.py` lets them in for hours); says how many."""
    return uow.execute(sa.delete(web_session).where(web_session.c.touched_at < uow.now - SESSIONS_KEPT)).rowcount


# ------------------------------------------------------------------ may
def may_administer(who: Actor) -> bool:
    """Whether `who` may deploy, settle incidents and manage users."""
    return who.is_admin


def may_see(uow: UnitOfWork, case: sa.Row[Any]) -> bool:
    """Whether the actor may look at a case: central staff, its starter, and the members of its and its tasks' offices.

    A substitute sees what the absent person does, to work on it.
    """
    who = uow.actor
    offices_, people = _offices_at_hand(who), [who.id, *who.stands_for]
    if _is_central(who) or case.started_by in people or case.office in offices_:
        return True
    return uow.row(_IS_NEAR, instance=case.id, offices=offices_, people=people) is not None


def seen_cases(who: Actor) -> sa.ColumnElement[bool]:
    """The rule of `may_see` as a condition on `process_instance`, for lists."""
    if _is_central(who):
        return sa.true()
    near, offices_, people = task.alias(), _offices_at_hand(who), [who.id, *who.stands_for]
    is_near = sa.or_(near.c.office.in_(offices_), near.c.assignee.in_(people))
    return sa.or_(process_instance.c.started_by.in_(people), process_instance.c.office.in_(offices_),
                  sa.exists().where(near.c.instance_id == process_instance.c.id, is_near))


def may_deploy(who: Actor) -> bool:
    """Whether `who` may deploy: administrators and technical accounts."""
    return who.is_admin or who.acts_everywhere


def may_model(who: Actor) -> bool:
    """Whether `who` may change definitions, as drafts: administrators, and members of a group that models."""
    return who.is_admin or who.models


def may_decide(who: Actor) -> bool:
    """Whether `who` may decide on drafts at all: administrators, and members of a group that approves."""
    return who.is_admin or who.approves


def may_audit(who: Actor) -> bool:
    """Whether `who` may search, replay and prove every case: administrators, and members of a group that audits."""
    return who.is_admin or who.audits


def may_approve(uow: UnitOfWork, draft: sa.Row[Any]) -> bool:
    """Whether the actor may decide on a row of `model_draft`: nobody on what they edited or submitted, whoever they are."""
    return may_decide(uow.actor) and not is_author(uow, draft)


def may_work_on(uow: UnitOfWork, row: sa.Row[Any], case: sa.Row[Any] | None = None) -> bool:
    """Whether the actor may claim or complete the task `row`: its assignee, or a candidate in its office, and not excluded.

    `case` is the row of its case, where it is at hand. A substitute may what the absent person may, for them.
    """
    return right_to(uow, row, case) is not None


@dataclass(frozen=True, slots=True)
class Right:
    """By which right somebody works on a task: their own (None), or that of an absent person."""

    on_behalf_of: str | None


def right_to(uow: UnitOfWork, row: sa.Row[Any], case: sa.Row[Any] | None = None) -> Right | None:
    """By which right the actor may claim or complete the task `row`, their own first; None if they may not.

    `not_by` keeps both from it: the substitute, and the absent person by the substitute's hands. What was claimed for
    somebody is completed for them.
    """
    who, kept = uow.actor, excluded(uow, row, case)
    if who.id in kept:
        return None
    if row.assignee == who.id and row.completed_for:
        return Right(row.completed_for) if row.completed_for not in kept else None
    if row.assignee not in who.stands_for and _is_candidate(who, row):
        return Right(None)
    named = [row.assignee] if row.assignee in who.stands_for else sorted(who.stands_for)
    absent = (each for each in named if each not in kept and _is_offered(each, who.stands_for[each], row))
    return next((Right(each) for each in absent), None)


def may_start(uow: UnitOfWork, process: Process) -> bool:
    """Whether the actor may start a case of `process`: `camunda:candidateStarterGroups`, else only administrators and `api`."""
    who = uow.actor
    return who.is_admin or who.acts_everywhere or bool(who.groups & starter_groups(process))


def may_assign(uow: UnitOfWork, row: sa.Row[Any]) -> bool:
    """Whether the actor may give the task `row` to somebody: administrators, and who leads its office or all of them."""
    return uow.actor.is_admin or uow.actor.acts_everywhere or _leads(uow, row.office)


def may_work_on_as(uow: UnitOfWork, row: sa.Row[Any], user_id: str) -> bool:
    """Whether the user `user_id` could work on the task `row`, if it were given to them."""
    return is_offered_to(uow, row, user_id) and user_id not in excluded(uow, row)


def is_offered_to(uow: UnitOfWork, row: sa.Row[Any], user_id: str) -> bool:
    """Whether the user `user_id` is the assignee or a candidate of the task `row`, whatever else keeps them from it."""
    return _is_candidate(actor(uow, user_id), row)


def may_intervene(uow: UnitOfWork, case: sa.Row[Any]) -> bool:
    """Whether the actor may suspend, resume or end a case: administrators, and who leads its office or all of them."""
    return uow.actor.is_admin or _leads(uow, case.office)


def may_act(uow: UnitOfWork, case: sa.Row[Any], groups_: str) -> bool:
    """Whether the actor has an action of a case: a member of one of its groups in its office; without groups, who may see it."""
    who, named = uow.actor, listed(groups_)
    if who.is_admin or who.acts_everywhere:
        return True
    held = any(group in named and place in ("", case.office) for group, place in who.memberships)
    return held if named else may_see(uow, case)


def _leads(uow: UnitOfWork, place: str) -> bool:
    leading = {row.id for row in uow.rows(sa.select(candidate_group.c.id).where(candidate_group.c.leads))}
    return any(group in leading and held in ("", place) for group, held in uow.actor.memberships)


def starter_groups(process: Process) -> frozenset[str]:
    """The groups whose members may start a case of `process`."""
    return frozenset(listed(process.attributes.get("candidateStarterGroups", "")))


def _is_central(who: Actor) -> bool:
    held = [who.memberships, *who.stands_for.values()]
    is_everywhere = who.sees_all or who.is_admin or who.audits or who.acts_everywhere
    return is_everywhere or any(not place for each in held for _, place in each)


def _offices_at_hand(who: Actor) -> list[str]:
    """The actor's offices, and those of the people they stand in for."""
    held = frozenset[tuple[str, str]]().union(who.memberships, *who.stands_for.values())
    return sorted({place for _, place in held if place})


def _is_candidate(who: Actor, row: sa.Row[Any]) -> bool:
    return who.is_admin or who.acts_everywhere or _is_offered(who.id, who.memberships, row)


def _is_offered(user_id: str, memberships: frozenset[tuple[str, str]], row: sa.Row[Any]) -> bool:
    """Whether the task is the user's, or one of these memberships makes them a candidate."""
    if row.assignee == user_id:
        return True
    return any((group, place) in memberships for group in canonical.loads(row.candidate_groups) for place in ("", row.office))


# ------------------------------------------------------------------ making
def create_user(uow: UnitOfWork, user_id: str, *, name: str, hashed: str, name_en: str = "", email: str = "",
                memberships: Iterable[tuple[str, str]] = (), language: str = "zh", **flags: bool) -> None:
    """Add a user with `(group, office)` memberships; `flags` are of `FLAGS`, `hashed` comes from `passwords.hash_password`."""
    if not USER_ID.fullmatch(user_id):
        raise InvalidValue(field="user", value=user_id)
    if uow.row(sa.select(user_account.c.id).where(user_account.c.id == user_id)):
        raise Conflict("user_exists", user=user_id)
    uow.execute(sa.insert(user_account).values(
        id=user_id, name=name, name_en=name_en or name, email=email, password_hash=hashed, language=language,
        is_active=True, revision=1, **{flag: flags.get(flag, False) for flag in FLAGS}))
    held = [_checked(uow, group, place) for group, place in memberships]
    if held:
        uow.execute(sa.insert(membership), [{"user_id": user_id, "group_id": group, "office": place} for group, place in held])


def _checked(uow: UnitOfWork, group: str, place: str) -> tuple[str, str]:
    """A membership that makes sense: the group exists, and has an office exactly when it acts within one."""
    row = uow.row(sa.select(candidate_group).where(candidate_group.c.id == group))
    if row is None:
        raise NotFound(kind="candidate_group", id=group)
    if row.by_office and uow.row(sa.select(office.c.id).where(office.c.id == place)) is None:
        raise InvalidValue("group_needs_office", field="office", value=place, group=group)
    if place and not row.by_office:
        raise InvalidValue("group_is_central", field="office", value=place, group=group)
    return group, place
