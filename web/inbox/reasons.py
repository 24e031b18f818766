"""Why a task is, or is not, the reader's: one sentence."""

import json
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import duties, entries, identity
from engine.cases import TaskView
from engine.unit_of_work import UnitOfWork
from web.layout import words


def why(uow: UnitOfWork, view: TaskView) -> str:
    """The sentence for an open task; empty where nothing can be said."""
    row = view.row
    if row.state != "open":
        return ""
    if uow.actor.id in duties.excluded(uow, row, view.instance):
        return _kept_from(uow, view)
    if row.assignee == uow.actor.id:
        return _handed(uow, row) or _standing_in(uow, row.completed_for) or str(_("You claimed it."))
    right = identity.right_to(uow, row, view.instance) if view.may_work else None
    if right is None or (row.assignee and right.on_behalf_of is None):
        return ""
    return _standing_in(uow, right.on_behalf_of) or _group(uow, row)


def _handed(uow: UnitOfWork, row: sa.Row[Any]) -> str:
    """Who gave it, when and for what reason."""
    if not row.handed_by:
        return ""
    by, at = words.person(uow, row.handed_by), words.day_and_time(row.handed_at, uow.now)
    reason = row.handed_reason
    if row.owner:
        return str(_("%(who)s asked you to do it (%(at)s) because: %(reason)s", who=by, at=at, reason=reason))
    if reason:
        return str(_("%(who)s gave it to you (%(at)s) because: %(reason)s", who=by, at=at, reason=reason))
    return str(_("%(who)s assigned it to you (%(at)s).", who=by, at=at))


def _standing_in(uow: UnitOfWork, absent: str | None) -> str:
    return str(_("You stand in for %(who)s.", who=words.person(uow, absent))) if absent else ""


def _group(uow: UnitOfWork, row: sa.Row[Any]) -> str:
    """The group by which it is offered to the reader."""
    named = json.loads(row.candidate_groups)
    groups = {each.id: each for each in identity.groups(uow)}
    mine = [name for name in named if any(
        (name, place) in uow.actor.memberships for place in ("", row.office)) and name in groups]
    if not mine:
        return str(_("You are an administrator.")) if uow.actor.is_admin else ""
    told = words.in_words(groups[mine[0]])
    if groups[mine[0]].by_office:
        place = next((words.in_words(each) for each in identity.offices(uow) if each.id == row.office), row.office)
        return str(_("Your group: %(group)s (%(office)s).", group=told, office=place))
    return str(_("Your group: %(group)s.", group=told))


def _kept_from(uow: UnitOfWork, view: TaskView) -> str:
    """What the reader did in this case that leaves the task to somebody else (property `not_by`)."""
    named = view.element.properties.get("not_by", "").replace(",", " ").split()
    elements = [view.process.elements[name] for name in named if name in view.process.elements]
    done = entries.done_by_actor(uow, view.row.instance_id, [each.id for each in elements])
    did = [each.words(words.language()) for each in elements if each.id in done]
    if did:
        return str(_("You did “%(step)s”, so somebody else does this.", step=did[0]))
    return str(_("The rules keep this for somebody else: you are named in the case."))
