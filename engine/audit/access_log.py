"""Who looked at what: a log of its own, insert-only, that no case waits for (design decision 14).

A look is written before it is shown, in a short transaction of its own; the next checkpoint covers it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from engine import canonical, ids
from engine.tables import access_log, process_instance
from engine.unit_of_work import Actor, ProcessEngine, UnitOfWork

Kind = Literal["look", "film", "document", "record", "export", "dossier"]


def note(engine: ProcessEngine, actor: Actor, kind: Kind, subject: str, *, instance_id: str | None = None,
         detail: Mapping[str, Any] | None = None) -> None:
    """Write that `actor` is about to see `subject` (a case id, `cases.csv` …); `detail` is JSON, such as a filter."""
    with engine.transaction(actor) as uow:
        uow.execute(sa.insert(access_log).values(
            id=ids.new(uow.now), at=uow.now, actor=actor.id, kind=kind, subject=subject, instance_id=instance_id,
            detail=canonical.dumps(dict(detail or {}))))


KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which rows of the log: by person, kind, case number, from a moment, before a moment; empty: all."""

    actor: str = ""
    kind: str = ""
    case: str = ""
    since: datetime | None = None
    until: datetime | None = None


def page(uow: UnitOfWork, asked: Criteria, *, before: str = "", limit: int = 50) -> tuple[list[sa.Row[Any]], str | None]:
    """Rows with the case's `business_key`, newest first, older than the row `before`; and the row to go on before."""
    query = sa.select(access_log, process_instance.c.business_key).outerjoin(
        process_instance, process_instance.c.id == access_log.c.instance_id)
    rows = uow.rows(query.where(*_where(asked, before)).order_by(access_log.c.id.desc()).limit(limit + 1))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def readers(uow: UnitOfWork) -> list[str]:
    """Everybody who is in the log."""
    return sorted(row.actor for row in uow.rows(sa.select(access_log.c.actor).distinct()))


def _where(asked: Criteria, before: str) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [access_log.c.id < before] if before else []
    found += [access_log.c.actor == asked.actor] if asked.actor else []
    found += [access_log.c.kind == asked.kind] if asked.kind else []
    found += [process_instance.c.business_key == asked.case] if asked.case else []
    found += [access_log.c.at >= asked.since] if asked.since else []
    return found + ([access_log.c.at < asked.until] if asked.until else [])
