"""Notices: what somebody should know, told in the transaction of the deed, and mailed to who chose so.

A notice leads to its task or case. Nobody is told of what they did themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import canonical, history, ids, notice_words
from engine.errors import InvalidValue
from engine.tables import UtcDateTime, notice, process_instance, task, user_account
from engine.unit_of_work import UnitOfWork

COUNTED = 100
"""Unseen notices are counted up to this: nobody reads a larger number."""
Key = tuple[datetime, str]
"""Where a page of notices ends: when it was told, and its id."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice with what its sentence needs; `who` and `task` by language, None where there is none."""

    id: str
    kind: str
    instance_id: str | None
    task_id: str | None
    created_at: datetime
    is_seen: bool
    facts: Mapping[str, Mapping[str, Any]]

    def words(self, language: str) -> str:
        """What happened, as a sentence in `language`."""
        return notice_words.sentence(self.kind, self.facts["en" if language == "en" else "zh"], language)

    @property
    def key(self) -> Key:
        """Where a page that ends with this notice ends."""
        return self.created_at, self.id


def tell(uow: UnitOfWork, user_id: str, kind: str, *, subject: str, instance_id: str | None = None,
         task_id: str | None = None, **arguments: Any) -> None:
    """Tell an active user, unless it is the actor or the same (user, kind, subject) was told before.

    `arguments` are facts for the sentence (`engine/notice_words.py`), JSON or datetimes.
    """
    if kind not in notice_words.KINDS:
        raise InvalidValue(field="kind", value=kind)
    if user_id == uow.actor.id or not _is_there(uow, user_id):
        return
    uow.add_once(notice, id=ids.new(uow.now), user_id=user_id, kind=kind, subject=subject, instance_id=instance_id,
                 task_id=task_id, actor=uow.actor.id, arguments=_arguments(arguments), created_at=uow.now, seen_at=None)


def unseen(uow: UnitOfWork) -> int:
    """How many notices the actor has not seen, up to `COUNTED`."""
    mine = sa.select(notice.c.id).where(notice.c.user_id == uow.actor.id, notice.c.seen_at.is_(None)).limit(COUNTED)
    return int(uow.scalar(sa.select(sa.func.count()).select_from(mine.subquery())))


def recent(uow: UnitOfWork, limit: int, *, before: Key | None = None) -> list[Notice]:
    """The actor's newest notices, at most `limit`, older than the key `before` if given."""
    query = _READ.where(notice.c.user_id == uow.actor.id)
    if before:
        bound = sa.tuple_(sa.literal(before[0], UtcDateTime()), sa.literal(before[1], sa.Text()))
        query = query.where(sa.tuple_(notice.c.created_at, notice.c.id) < bound)
    rows = uow.rows(query.order_by(notice.c.created_at.desc(), notice.c.id.desc()).limit(limit))
    return [_read(row) for row in rows]


def mark_seen(uow: UnitOfWork, ids_: Sequence[str] | None) -> None:
    """The actor has seen these notices, or all (None)."""
    mine = [notice.c.user_id == uow.actor.id, notice.c.seen_at.is_(None)]
    if ids_ is not None:
        mine.append(notice.c.id.in_(ids_))
    uow.execute(sa.update(notice).where(*mine).values(seen_at=uow.now))


_READ = sa.select(
    notice, process_instance.c.business_key, task.c.name.label("task"), task.c.name_en.label("task_en"),
    user_account.c.name.label("who"), user_account.c.name_en.label("who_en"),
).outerjoin(process_instance, process_instance.c.id == notice.c.instance_id).outerjoin(
    task, task.c.id == notice.c.task_id).outerjoin(user_account, user_account.c.id == notice.c.actor)


def _read(row: sa.Row[Any]) -> Notice:
    told = {"case": row.business_key, **canonical.loads(row.arguments)}
    by_language = {
        "zh": {"who": row.who or "系统", "task": row.task, **told},
        "en": {"who": row.who_en or "The system", "task": row.task_en, **_english(told)},
    }
    return Notice(row.id, row.kind, row.instance_id, row.task_id, row.created_at, row.seen_at is not None, by_language)


def _english(told: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with those that have an English form (`absent_en` for `absent`) in it."""
    return {**told, **{name.removesuffix("_en"): value for name, value in told.items() if name.endswith("_en")}}


def _arguments(given: Mapping[str, Any]) -> str:
    return canonical.dumps({name: history.iso(value) if isinstance(value, datetime) else value for name, value in given.items()})


def _is_there(uow: UnitOfWork, user_id: str) -> bool:
    who = sa.select(user_account.c.id).where(user_account.c.id == user_id, user_account.c.is_active)
    return uow.row(who) is not None
