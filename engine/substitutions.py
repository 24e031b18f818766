"""Absence: from when until when a colleague stands in, who says so, and what they must be able to do.

The substitute works on what the absent person could (`identity.right_to`): no leads' rights, no chain.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import history, identity, ids, notices
from engine.errors import Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import candidate_group, membership, substitution, user_account
from engine.unit_of_work import UnitOfWork

LONGEST = timedelta(days=366)
BACK = timedelta(days=1)
"""An absence may begin earlier today; one that began before is no plan any more."""
REASON = 500
_ABSENT, _SUBSTITUTE = user_account.alias(), user_account.alias()
_READ = sa.select(
    substitution, _ABSENT.c.name.label("user_name"), _ABSENT.c.name_en.label("user_name_en"),
    _SUBSTITUTE.c.name.label("substitute_name"), _SUBSTITUTE.c.name_en.label("substitute_name_en"),
).join(_ABSENT, _ABSENT.c.id == substitution.c.user_id).join(_SUBSTITUTE, _SUBSTITUTE.c.id == substitution.c.substitute_id)


def enter(uow: UnitOfWork, user_id: str, *, substitute: str, from_at: datetime, until_at: datetime, reason: str) -> str:
    """Say that `user_id` is absent and who stands in; the substitute is told, and it goes on the record. Returns its id.

    For the person, who leads an office of theirs, and administrators. `InvalidValue` for times, a substitute or a reason that
    cannot be; `Conflict` where it overlaps another absence of the person, or one of the substitute.
    """
    must_be_allowed(uow, user_id)
    reason = reason.strip()[:REASON]
    if not reason:
        raise InvalidValue("reason_missing", field="reason", value="")
    _check_times(uow, from_at, until_at)
    history.lock_changes(uow)  # two absences at once are entered one after the other, and the second sees the first
    _check_substitute(uow, user_id, substitute)
    _refuse_overlap(uow, user_id, substitute, from_at, until_at)
    row = {"id": ids.new(uow.now), "user_id": user_id, "substitute_id": substitute, "from_at": from_at, "until_at": until_at,
           "reason": reason, "created_by": uow.actor.id, "created_at": uow.now}
    uow.execute(sa.insert(substitution).values(row))
    history.record_change(uow, "enter_absence", subject=f"user:{user_id}", before=None, after=_as_json(row), reason=reason)
    _tell(uow, row, user_id, **{"from": from_at, "until": until_at})
    return str(row["id"])


def end(uow: UnitOfWork, substitution_id: str) -> None:
    """End an absence now, or call off one that has not begun. `Conflict` if it is over."""
    row = uow.row(sa.select(substitution).where(substitution.c.id == substitution_id))
    if row is None:
        raise NotFound(kind="substitution", id=substitution_id)
    must_be_allowed(uow, row.user_id)
    is_running = (substitution.c.id == row.id, substitution.c.ended_at.is_(None), substitution.c.until_at > uow.now)
    if not uow.execute(sa.update(substitution).where(*is_running).values(ended_at=uow.now, ended_by=uow.actor.id)).rowcount:
        raise Conflict("absence_over", id=row.id)
    told = row._asdict()
    history.record_change(uow, "end_absence", subject=f"user:{row.user_id}", before=_as_json(told), after=None)
    _tell(uow, {**told, "id": f"{row.id}/ended"}, row.user_id, what="ended")


def of(uow: UnitOfWork, user_id: str) -> list[sa.Row[Any]]:
    """The absences of a person that are not over, by time: columns of `substitution` and the names of both people."""
    return _not_over(uow, substitution.c.user_id == user_id)


def by(uow: UnitOfWork, user_id: str) -> list[sa.Row[Any]]:
    """When the person stands in for whom, now or later; rows as of `of`."""
    return _not_over(uow, substitution.c.substitute_id == user_id)


def led(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """The absences, not over, of everybody whose absence the actor may enter, but their own; rows as of `of`."""
    people = [row.id for row in people_led(uow)]
    return _not_over(uow, substitution.c.user_id.in_(people), substitution.c.user_id != uow.actor.id)


def people_led(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """The active users whose absence the actor may enter besides their own: `id`, `name`, `name_en`."""
    who = user_account.c
    query = sa.select(who.id, who.name, who.name_en).where(who.is_active, who.id != uow.actor.id, ~who.acts_everywhere)
    if not uow.actor.is_admin:
        places = _led_places(uow)
        held = sa.exists().where(membership.c.user_id == who.id, sa.true() if "" in places else membership.c.office.in_(places))
        query = query.where(held if places else sa.false())
    return uow.rows(query.order_by(who.id))


def candidates(uow: UnitOfWork, user_id: str) -> list[sa.Row[Any]]:
    """Who can stand in for a person: active, in one of their groups in the same office, or leading their office."""
    who = user_account.c
    mine, theirs = membership.alias(), membership.alias()
    same = sa.and_(theirs.c.group_id == mine.c.group_id, theirs.c.office == mine.c.office)
    leads = sa.and_(theirs.c.group_id.in_(sa.select(candidate_group.c.id).where(candidate_group.c.leads)),
                    theirs.c.office.in_([mine.c.office, ""]))
    can = sa.exists().where(mine.c.user_id == user_id, theirs.c.user_id == who.id, sa.or_(same, leads))
    query = sa.select(who.id, who.name, who.name_en).where(who.is_active, ~who.acts_everywhere, who.id != user_id, can)
    return uow.rows(query.order_by(who.id))


def must_be_allowed(uow: UnitOfWork, user_id: str) -> None:
    """`Forbidden` unless the actor may enter and end the absences of `user_id`."""
    identity.user(uow, user_id)
    if uow.actor.id != user_id and user_id not in {row.id for row in people_led(uow)}:
        raise Forbidden("may_not_enter_absence", user=user_id)


def _led_places(uow: UnitOfWork) -> set[str]:
    """The offices that the actor leads in their own right; "" for all of them."""
    leading = {row.id for row in uow.rows(sa.select(candidate_group.c.id).where(candidate_group.c.leads))}
    return {place for group, place in uow.actor.memberships if group in leading}


def _check_times(uow: UnitOfWork, from_at: datetime, until_at: datetime) -> None:
    if until_at <= from_at:
        raise InvalidValue("absence_order", field="until", value=until_at)
    if until_at <= uow.now or from_at < uow.now - BACK:
        raise InvalidValue("absence_past", field="from", value=from_at)
    if until_at - from_at > LONGEST:
        raise InvalidValue("absence_too_long", field="until", value=until_at)


def _check_substitute(uow: UnitOfWork, user_id: str, substitute: str) -> None:
    if substitute not in {row.id for row in candidates(uow, user_id)}:
        raise InvalidValue("substitute", field="substitute", value=substitute)


def _refuse_overlap(uow: UnitOfWork, user_id: str, substitute: str, from_at: datetime, until_at: datetime) -> None:
    """A person has one substitute at a time, and it is nobody who is absent then."""
    here = substitution.c
    query = sa.select(substitution).where(here.user_id.in_([user_id, substitute]), here.ended_at.is_(None),
                                          here.from_at < until_at, here.until_at > from_at)
    for row in uow.rows(query.order_by(here.from_at)):
        code = "absence_overlaps" if row.user_id == user_id else "substitute_absent"
        raise Conflict(code, who=row.user_id, begins=row.from_at, ends=row.until_at)


def _not_over(uow: UnitOfWork, *where: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
    current = (substitution.c.until_at > uow.now, substitution.c.ended_at.is_(None))
    return uow.rows(_READ.where(*where, *current).order_by(substitution.c.from_at, substitution.c.user_id))


def _tell(uow: UnitOfWork, row: dict[str, Any], user_id: str, **facts: Any) -> None:
    absent = identity.user(uow, user_id)
    facts |= {"absent": absent.name, "absent_en": absent.name_en}
    notices.tell(uow, row["substitute_id"], "substitute", subject=row["id"], **facts)


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "user_id", "substitute_id", "from_at", "until_at", "reason")
    return {name: history.iso(row[name]) if isinstance(row[name], datetime) else row[name] for name in kept}
