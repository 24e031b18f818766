"""Cases of the same machine: one that is open is asked about before another is started."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import identity
from engine.tables import process_instance
from engine.unit_of_work import UnitOfWork

RECENT = timedelta(days=90)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class SameSerial:
    """Rows of `process_instance`, newest first, that the actor may see; how many open ones they may not."""

    open: tuple[sa.Row[Any], ...]
    closed: tuple[sa.Row[Any], ...]
    hidden: int


def find(uow: UnitOfWork, serial: str) -> SameSerial:
    """The open cases with this serial number, and those closed within `RECENT`; at most `SHOWN` of each are shown."""
    row, written = process_instance.c, serial.strip()
    spellings = {written, written.upper()} - {""}
    recent = sa.or_(row.ended_at.is_(None), row.ended_at > uow.now - RECENT)
    found = uow.rows(sa.select(process_instance).where(row.serial.in_(sorted(spellings)), recent).order_by(
        row.started_at.desc()).limit(4 * SHOWN))
    seen = [each for each in found if identity.may_see(uow, each)]
    hidden = sum(each.ended_at is None for each in found) - sum(each.ended_at is None for each in seen)
    return SameSerial(tuple(each for each in seen if each.ended_at is None)[:SHOWN],
                      tuple(each for each in seen if each.ended_at is not None)[:SHOWN], hidden)
