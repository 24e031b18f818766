"""Who looked at what: a log of its own, insert-only, that no case waits for (design decision 14).

A look is written before it is shown, in a short transaction of its own; the next checkpoint covers it.
"""

from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa

from engine import canonical, ids
from engine.tables import access_log
from engine.unit_of_work import Actor, ProcessEngine

Kind = Literal["look", "film", "document", "record", "export", "dossier"]


def note(engine: ProcessEngine, actor: Actor, kind: Kind, subject: str, *, instance_id: str | None = None,
         detail: Mapping[str, Any] | None = None) -> None:
    """Write that `actor` is about to see `subject` (a case id, `cases.csv` …); `detail` is JSON, such as a filter."""
    with engine.transaction(actor) as uow:
        uow.execute(sa.insert(access_log).values(
            id=ids.new(uow.now), at=uow.now, actor=actor.id, kind=kind, subject=subject, instance_id=instance_id,
            detail=canonical.dumps(dict(detail or {}))))
