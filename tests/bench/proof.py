"""Proof of a long case: follow its chain, and run the engine again over its record."""

import sqlalchemy as sa

from engine.audit import recomputation, verification
from engine.tables import process_instance
from engine.unit_of_work import SYSTEM, UnitOfWork
from tests.bench.company import opened
from tests.bench.measuring import Table, medians, wall
from tests.bench.steps import complete, start
from tests.conftest import Databases


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str, *, events: int) -> None:
    """The rows of proof on one kind of database."""
    url = databases.new(template)
    with opened(url) as engine:
        case = start(engine)
        for _ in range(events - 1):
            complete(engine, case)
        with engine.reading(SYSTEM) as uow:
            found = medians(rounds, {"verify": lambda: wall(1, lambda: _verify(uow, case)),
                                     "recompute": lambda: wall(1, lambda: _recompute(uow, case, events))})
    databases.drop(url)
    for name, value in found.items():
        table.add(f"{name} a case of {events:,} events", kind, f"{value / 1000:.2f} s", f"{value / events:.3f} ms an event")


def _verify(uow: UnitOfWork, case: str) -> None:
    row = uow.rows(sa.select(process_instance).where(process_instance.c.id == case))[0]
    problems = list(verification.verify_case(uow, row))
    if problems:
        raise AssertionError(problems)


def _recompute(uow: UnitOfWork, case: str, events: int) -> None:
    same = [moment.is_same for moment in recomputation.recompute(uow, case)]
    if same != [True] * events:
        raise AssertionError(f"{same.count(False)} events differ, {len(same)} of {events} found")
