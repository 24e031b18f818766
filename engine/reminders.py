"""What nobody's deed tells: a task that fell due, and on Monday morning what waits for a person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine import calendars, canonical, history, job_rows, notice_words, notices
from engine.calendar import WorkingCalendar
from engine.durations import instant
from engine.errors import NotFound
from engine.tables import candidate_group, membership, notice, substitution, task, user_account, user_setting
from engine.unit_of_work import UnitOfWork

BATCH = 500
"""So many late tasks are told in one transaction; the rest with the next."""
LISTED = 10
"""So many tasks a digest names; the others it counts."""
MORNING = time(8, 30)


# ------------------------------------------------------------------ late
def late(uow: UnitOfWork, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell of the open tasks that fell due since the last time: who has it, else who leads its office. Says how far it came.

    The first time nothing is told: what is late by then is on everybody's list already.
    """
    now = {"until": history.iso(uow.now)}
    if not state:
        return now
    rows = uow.rows(sa.select(task).where(task.c.state == "open", task.c.sort_due <= uow.now, _after(state))
                    .order_by(task.c.sort_due, task.c.id).limit(BATCH))
    _tell_late(uow, rows)
    return {"until": history.iso(rows[-1].sort_due), "task": rows[-1].id} if len(rows) == BATCH else now


def _after(state: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    until = datetime.fromisoformat(state["until"])
    behind = task.c.sort_due > until
    return sa.or_(behind, sa.and_(task.c.sort_due == until, task.c.id > state["task"])) if "task" in state else behind


def _tell_late(uow: UnitOfWork, rows: Sequence[sa.Row[Any]]) -> None:
    claimed = [row for row in rows if row.assignee]
    stand_ins = _stand_ins(uow, {row.assignee for row in claimed}) if claimed else {}
    leads = _leads(uow) if len(claimed) < len(rows) else {}
    for row in rows:
        if row.assignee is None:
            _tell_of(uow, row, leads.get(row.office) or leads.get("") or [], what="unclaimed")
            continue
        _tell_of(uow, row, [row.assignee])
        if row.assignee in stand_ins:
            substitute, name, name_en = stand_ins[row.assignee]
            _tell_of(uow, row, [substitute], what="absent", absent=name, absent_en=name_en)


def _tell_of(uow: UnitOfWork, row: sa.Row[Any], people: Iterable[str], **facts: Any) -> None:
    for each in people:
        notices.tell(uow, each, "late", subject=f"{row.id}@{history.iso(row.sort_due)}", instance_id=row.instance_id,
                     task_id=row.id, **facts)


def _leads(uow: UnitOfWork) -> dict[str, list[str]]:
    """Office ("" for all of them) → who leads it."""
    query = sa.select(membership.c.office, membership.c.user_id).join(
        candidate_group, sa.and_(candidate_group.c.id == membership.c.group_id, candidate_group.c.leads)).distinct()
    found: dict[str, list[str]] = {}
    for row in uow.rows(query.order_by(membership.c.office, membership.c.user_id)):
        found.setdefault(row.office, []).append(row.user_id)
    return found


def _stand_ins(uow: UnitOfWork, people: set[str]) -> dict[str, tuple[str, str, str]]:
    """Absent person → their substitute now, and the absent person's names."""
    here = substitution.c
    query = sa.select(here.user_id, here.substitute_id, user_account.c.name, user_account.c.name_en).join(
        user_account, user_account.c.id == here.user_id)
    rows = uow.rows(query.where(here.user_id.in_(sorted(people)), here.from_at <= uow.now, here.until_at > uow.now,
                                here.ended_at.is_(None)))
    return {row.user_id: (row.substitute_id, row.name, row.name_en) for row in rows}


# ------------------------------------------------------------------ the weekly digest
def next_digest(uow: UnitOfWork) -> datetime:
    """The next Monday, 08:30; on a holiday the next moment of working time."""
    try:
        working: WorkingCalendar = calendars.load(uow)
    except NotFound:
        return uow.now + timedelta(days=7)
    today = uow.now.astimezone(working.place).date()
    monday = today + timedelta(days=-today.weekday() % 7)
    at = instant(datetime.combine(monday, MORNING), working.place)
    if at <= uow.now:
        at = instant(datetime.combine(monday + timedelta(days=7), MORNING), working.place)
    return calendars.working_moment(uow, at)


def digest(uow: UnitOfWork, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Mail everybody who chose it what waits for them and what was kept for the digest; nothing to say, no mail."""
    if state:
        since = datetime.fromisoformat(state["until"])
        for who in _readers(uow):
            _write(uow, who, since)
    return {"until": history.iso(uow.now)}


def _readers(uow: UnitOfWork) -> list[sa.Row[Any]]:
    mailed = user_setting.alias()
    query = sa.select(user_account.c.id, user_account.c.email, user_account.c.language, mailed.c.value.label("mailed")).join(
        user_setting, sa.and_(user_setting.c.user_id == user_account.c.id, user_setting.c.name == notices.DIGEST)).outerjoin(
        mailed, sa.and_(mailed.c.user_id == user_account.c.id, mailed.c.name == notices.MAILED))
    chosen = (user_setting.c.value == "true", user_account.c.is_active, user_account.c.email != "")
    return uow.rows(query.where(*chosen).order_by(user_account.c.id))


def _write(uow: UnitOfWork, who: sa.Row[Any], since: datetime) -> None:
    mine = uow.rows(sa.select(task).where(task.c.assignee == who.id, task.c.state == "open")
                    .order_by(task.c.sort_due, task.c.id).limit(100))
    kept = _kept(uow, who, since)
    if not mine and not kept:
        return
    is_english, home = who.language == "en", uow.engine.settings.base_url.rstrip("/")
    overdue = sum(1 for row in mine if row.due_at and row.due_at <= uow.now)
    subject = notice_words.digest_subject(len(mine), overdue, who.language)
    lines = [subject, "", *(_line(row, uow.now, is_english=is_english) for row in mine[:LISTED])]
    if len(mine) > LISTED:
        lines.append(notice_words.digest_more(len(mine) - LISTED, who.language))
    lines += ["", *(f"· {each.words(who.language)}" for each in kept)] if kept else []
    job_rows.send_mail(uow, who.email, subject, notice_words.letter(lines, f"{home}/inbox", f"{home}/me", who.language),
                       due_at=calendars.working_moment(uow, uow.now))


def _kept(uow: UnitOfWork, who: sa.Row[Any], since: datetime) -> list[notices.Notice]:
    """What was told since the last digest, of the kinds that the person wants in it."""
    chosen = canonical.loads(who.mailed) if who.mailed else {}
    kinds = [kind for kind, when in chosen.items() if when == "digest"]
    return notices.told(uow, who.id, sa.and_(notice.c.kind.in_(kinds), notice.c.created_at > since)) if kinds else []


def _line(row: sa.Row[Any], now: datetime, *, is_english: bool) -> str:
    late_mark = ("LATE  " if is_english else "【超期】") if row.due_at and row.due_at <= now else ""
    due = f"  {row.due_at.astimezone(notice_words.ZONE):%Y-%m-%d %H:%M}" if row.due_at else ""
    return f"· {late_mark}{row.business_key}  {row.name_en if is_english else row.name}{due}"
