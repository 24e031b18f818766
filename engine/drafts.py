"""What somebody typed and has not sent: kept per person and form, seen by nobody else, gone when the form is taken.

A subject is a task's id, `start:<process key>` for a start form, or `try:…` for what somebody tries in the modeller. A draft is
no part of the case and not on the record.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import canonical, identity
from engine.errors import AlreadyChanged, Forbidden, InvalidValue, NotFound
from engine.tables import draft, process_instance, task
from engine.unit_of_work import UnitOfWork

START = re.compile(r"(start|try):[\w.:-]{1,240}")
KEPT = timedelta(days=90)
"""A draft that nobody touched for so long is dropped."""

_MINE = (draft.c.user_id == sa.bindparam("user"), draft.c.subject == sa.bindparam("about"))
_FIND = sa.select(draft).where(*_MINE)
_LOCKED = _FIND.with_for_update()
_DROP = sa.delete(draft).where(*_MINE)


@dataclass(frozen=True, slots=True)
class Draft:
    """The entries by field key, and when they were saved (aware UTC)."""

    entries: Mapping[str, Any]
    saved_at: datetime


def find(uow: UnitOfWork, subject: str) -> Draft | None:
    """The actor's draft, or None."""
    return _read(uow.row(_FIND, user=uow.actor.id, about=subject))


def save(uow: UnitOfWork, subject: str, entries: Mapping[str, Any], *, basis: datetime | None = None,
         overrides: bool = False) -> datetime:
    """Keep `entries` as the actor's draft and say when that was.

    `basis` is when the draft that the page knows was saved: one that another device saved later is not overwritten
    (`AlreadyChanged`), unless the person `overrides` it. `InvalidValue` beyond the size that a case may have.
    """
    _check_subject(uow, subject)
    text = canonical.dumps(dict(entries))
    if len(text.encode()) > uow.engine.settings.max_variable_bytes:
        raise InvalidValue("too_large", field="draft", value=subject)
    known = _locked(uow, subject)
    if known is None and uow.add_once(draft, user_id=uow.actor.id, subject=subject, entries=text, saved_at=uow.now):
        return uow.now
    known = known or _locked(uow, subject)  # another device was quicker by a moment
    if known is not None and not overrides and _is_another(known, basis, text):
        raise AlreadyChanged("draft_newer", who=uow.actor.id, at=known.saved_at, what="draft", subject=subject)
    uow.execute(sa.update(draft).where(draft.c.user_id == uow.actor.id, draft.c.subject == subject).values(
        entries=text, saved_at=uow.now))
    return uow.now


def discard(uow: UnitOfWork, subject: str) -> None:
    """Forget the actor's draft, if there is one."""
    uow.later(_DROP, [{"user": uow.actor.id, "about": subject}])


def prune(uow: UnitOfWork) -> int:
    """Drop drafts that nobody touched for `KEPT`; says how many."""
    return uow.execute(sa.delete(draft).where(draft.c.saved_at < uow.now - KEPT)).rowcount


def _is_another(known: Draft, basis: datetime | None, text: str) -> bool:
    """Whether a draft was saved after the one that a page began with, and says something else."""
    return (basis is None or known.saved_at > basis) and canonical.dumps(dict(known.entries)) != text


def _locked(uow: UnitOfWork, subject: str) -> Draft | None:
    """The same, locked until the end: two devices that save at once do so one after the other."""
    return _read(uow.row(_LOCKED, user=uow.actor.id, about=subject))


def _read(row: sa.Row[Any] | None) -> Draft | None:
    return Draft(canonical.loads(row.entries), row.saved_at) if row else None


def _check_subject(uow: UnitOfWork, subject: str) -> None:
    """A start form, something that is tried, or a task of a case that the actor may see.

    One that is over, too: words typed for it are not lost.
    """
    if START.fullmatch(subject):
        return
    around = sa.select(process_instance).join(task, task.c.instance_id == process_instance.c.id)
    case = uow.row(around.where(task.c.id == subject))
    if case is None:
        raise NotFound(kind="task", id=subject)
    if not identity.may_see(uow, case):
        raise Forbidden("may_not_see", task=subject)
