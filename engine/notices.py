"""Notices: what somebody should know, told in the transaction of the deed, and mailed to who chose so.

A notice leads to its task or case. Nobody is told of what they did themselves, and nothing is mailed at night: a mail goes at
the next moment of working time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from engine import calendars, canonical, history, ids, job_rows, notice_words
from engine.errors import InvalidValue, NotFound
from engine.settings import Settings
from engine.tables import UtcDateTime, notice, process_instance, task, user_account, user_setting, watch
from engine.unit_of_work import UnitOfWork

COUNTED = 100
"""Unseen notices are counted up to this: nobody reads a larger number."""
MAILED = "mail"
"""The setting of a person (`settings_of_people`) that says which kinds are mailed: kind → `now` | `digest`; else never."""
DIGEST = "digest"
"""The setting that says whether the weekly digest is wanted."""
Key = tuple[datetime, str]
"""Where a page of notices ends: when it was told, and its id."""

Watched = Literal["moved", "ended", "incident"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice with what its sentence needs; `who` and `task` by language, None where there is none."""

    id: str
    kind: str
    instance_id: str | None
    task_id: str | None
    created_at: datetime
    is_seen: bool
    is_open: bool  # its task is
    arguments: Mapping[str, Any]
    facts: Mapping[str, Mapping[str, Any]]

    def words(self, language: str) -> str:
        """What happened, as a sentence in `language`."""
        return notice_words.sentence(self.kind, self.facts["en" if language == "en" else "zh"], language)

    def address(self, settings: Settings) -> str:
        """Where it leads, for a mail."""
        return f"{settings.base_url.rstrip('/')}/notices/{self.id}"

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
    who = None if user_id == uow.actor.id else uow.row(_WHO, user=user_id)
    if who is None:
        return
    notice_id = ids.new(uow.now)
    new = {"id": notice_id, "user_id": user_id, "kind": kind, "subject": subject, "instance_id": instance_id,
           "task_id": task_id, "actor": uow.actor.id, "arguments": _arguments(arguments), "created_at": uow.now, "seen_at": None}
    if uow.add_once(notice, **new):
        _mail(uow, who, kind, notice_id)


def tell_watchers(uow: UnitOfWork, case: sa.Row[Any], what: Watched) -> None:
    """Tell who watches a case that it moved on, ended or has an incident: one notice a case, lit again once it was seen.

    Call it only for a case that has `watchers`; it is in the caller's hands because most have none.
    """
    for person in uow.rows(_WATCHERS, instance=case.id, actor=uow.actor.id):
        row = uow.row(_WATCHED, user=person.user_id, subject=case.id)
        if row is None:
            tell(uow, person.user_id, "watched", subject=case.id, instance_id=case.id, what=what)
            continue
        uow.execute(sa.update(notice).where(notice.c.id == row.id).values(
            created_at=uow.now, seen_at=None, actor=uow.actor.id, arguments=_arguments({"what": what})))
        if row.seen_at is not None and (who := uow.row(_WHO, user=person.user_id)):
            _mail(uow, who, "watched", row.id)


def unseen(uow: UnitOfWork) -> int:
    """How many notices the actor has not seen, up to `COUNTED`."""
    return int(uow.scalar(_UNSEEN, me=uow.actor.id))


def recent(uow: UnitOfWork, limit: int, *, before: Key | None = None) -> list[Notice]:
    """The actor's newest notices, at most `limit`, older than the key `before` if given."""
    query = _READ.where(notice.c.user_id == uow.actor.id)
    if before:
        bound = sa.tuple_(sa.literal(before[0], UtcDateTime()), sa.literal(before[1], sa.Text()))
        query = query.where(sa.tuple_(notice.c.created_at, notice.c.id) < bound)
    rows = uow.rows(query.order_by(notice.c.created_at.desc(), notice.c.id.desc()).limit(limit))
    return [_read(row) for row in rows]


def one(uow: UnitOfWork, notice_id: str) -> Notice:
    """A notice of the actor. `NotFound` if it is not theirs."""
    row = uow.row(_READ.where(notice.c.id == notice_id, notice.c.user_id == uow.actor.id))
    if row is None:
        raise NotFound(kind="notice", id=notice_id)
    return _read(row)


def mark_followed(uow: UnitOfWork, found: Notice) -> None:
    """The actor went where a notice leads: it is seen, and so are the others that lead to the same task."""
    same = [notice.c.task_id == found.task_id] if found.task_id else []
    uow.execute(sa.update(notice).where(notice.c.user_id == uow.actor.id, notice.c.seen_at.is_(None),
                                        sa.or_(notice.c.id == found.id, *same)).values(seen_at=uow.now))


def mark_opened(uow: UnitOfWork, task_id: str) -> None:
    """The actor opened a task by whatever way: the notices that lead to it are seen."""
    uow.execute(sa.update(notice).where(*_of_task(uow, task_id)).values(seen_at=uow.now))


def leads_to(uow: UnitOfWork, task_id: str) -> bool:
    """Whether the actor has an unseen notice of a task."""
    return uow.row(sa.select(notice.c.id).where(*_of_task(uow, task_id)).limit(1)) is not None


def _of_task(uow: UnitOfWork, task_id: str) -> list[sa.ColumnElement[bool]]:
    return [notice.c.user_id == uow.actor.id, notice.c.seen_at.is_(None), notice.c.task_id == task_id]


def told(uow: UnitOfWork, user_id: str, where: sa.ColumnElement[bool]) -> list[Notice]:
    """The newest `COUNTED` notices of a person that match, for the digest."""
    query = _READ.where(notice.c.user_id == user_id, where).order_by(notice.c.created_at.desc(), notice.c.id.desc())
    return [_read(row) for row in uow.rows(query.limit(COUNTED))]


def mark_seen(uow: UnitOfWork, ids_: Sequence[str] | None) -> None:
    """The actor has seen these notices, or all (None)."""
    mine = [notice.c.user_id == uow.actor.id, notice.c.seen_at.is_(None)]
    if ids_ is not None:
        mine.append(notice.c.id.in_(ids_))
    uow.execute(sa.update(notice).where(*mine).values(seen_at=uow.now))


_UNSEEN = sa.select(sa.func.count()).select_from(sa.select(notice.c.id).where(
    notice.c.user_id == sa.bindparam("me"), notice.c.seen_at.is_(None)).limit(COUNTED).subquery())
_READ = sa.select(
    notice, process_instance.c.business_key, task.c.name.label("task"), task.c.name_en.label("task_en"),
    task.c.state.label("task_state"),
    user_account.c.name.label("who"), user_account.c.name_en.label("who_en"),
).outerjoin(process_instance, process_instance.c.id == notice.c.instance_id).outerjoin(
    task, task.c.id == notice.c.task_id).outerjoin(user_account, user_account.c.id == notice.c.actor)


_WHO = sa.select(
    user_account.c.id, user_account.c.email, user_account.c.language, user_setting.c.value.label("mailed"),
).outerjoin(
    user_setting, sa.and_(user_setting.c.user_id == user_account.c.id, user_setting.c.name == MAILED),
).where(user_account.c.id == sa.bindparam("user"), user_account.c.is_active)
_WATCHERS = sa.select(watch.c.user_id).where(
    watch.c.instance_id == sa.bindparam("instance"), watch.c.user_id != sa.bindparam("actor")).order_by(watch.c.user_id)
_WATCHED = sa.select(notice.c.id, notice.c.seen_at).where(
    notice.c.user_id == sa.bindparam("user"), notice.c.kind == "watched", notice.c.subject == sa.bindparam("subject"))


def _read(row: sa.Row[Any]) -> Notice:
    arguments = canonical.loads(row.arguments)
    told = {"case": row.business_key, **arguments}
    by_language = {
        "zh": {"who": row.who or "系统", "task": row.task, **told},
        "en": {"who": row.who_en or "The system", "task": row.task_en, **_english(told)},
    }
    return Notice(row.id, row.kind, row.instance_id, row.task_id, row.created_at, row.seen_at is not None,
                  row.task_state == "open", arguments, by_language)


def _english(told: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with those that have an English form (`absent_en` for `absent`) in it."""
    return {**told, **{name.removesuffix("_en"): value for name, value in told.items() if name.endswith("_en")}}


def _arguments(given: Mapping[str, Any]) -> str:
    return canonical.dumps({name: history.iso(value) if isinstance(value, datetime) else value for name, value in given.items()})


def _mail(uow: UnitOfWork, who: sa.Row[Any], kind: str, notice_id: str) -> None:
    """Mail a notice to somebody who wants its kind at once."""
    if not who.email or not who.mailed or canonical.loads(who.mailed).get(kind) != "now":
        return
    told = _read(uow.rows(_READ.where(notice.c.id == notice_id))[0])
    subject = told.words(who.language)
    body = notice_words.letter([subject, str(told.arguments.get("reason") or "")], told.address(uow.engine.settings),
                               f"{uow.engine.settings.base_url.rstrip('/')}/me", who.language)
    job_rows.send_mail(uow, who.email, subject, body, told.instance_id, due_at=calendars.working_moment(uow, uow.now))
