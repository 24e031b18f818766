"""Measuring: figures over so many activities, conformance of the newest cases, the clause matrix."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine.audit import clauses, conformance, figures
from engine.tables import activity_instance, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork
from tests.bench.company import opened
from tests.bench.measuring import Table, medians, wall
from tests.bench.steps import start
from tests.conftest import Databases

A_CASE = 10
"""Activities of a case, every other one a task of a person."""
AT_ONCE = 1_000


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str, *, activities: int) -> None:
    """The rows of measuring on one kind of database."""
    url = databases.new(template)
    with opened(url) as engine:
        fill(engine, activities // A_CASE)
        found = medians(rounds, {
            f"figures of {activities:,} activities": lambda: _look(
                engine, lambda uow: figures.figures(uow, figures.Wanted("bench"))),
            f"conformance of {conformance.MOST:,} cases": lambda: _look(
                engine, lambda uow: conformance.conformance(uow, conformance.Wanted())),
            f"clause matrix over {activities:,} activities": lambda: _look(engine, clauses.matrix)})
    databases.drop(url)
    for name, value in found.items():
        table.add(name, kind, f"{value / 1000:.2f} s")


def _look(engine: ProcessEngine, read: Callable[[UnitOfWork], object]) -> float:
    with engine.reading(SYSTEM) as uow:
        return wall(1, lambda: read(uow))


def fill(engine: ProcessEngine, cases: int) -> None:
    """So many cases that went round the loop of the process of the bench, copied from one that was started."""
    case = start(engine)
    with engine.transaction(SYSTEM) as uow:
        instance = uow.rows(sa.select(process_instance).where(process_instance.c.id == case))[0]._asdict()
        offered = uow.rows(sa.select(task).where(task.c.instance_id == case))[0]._asdict()
        for first in range(0, cases, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, cases))
            uow.execute(sa.insert(process_instance), [instance | {"id": f"bench{number:08d}"} for number in numbers])
            rows = [_activity(instance, number, step) for number in numbers for step in range(A_CASE)]
            uow.execute(sa.insert(activity_instance), rows)
            uow.execute(sa.insert(task), [_task(offered, row) for row in rows if row["type"] == "userTask"])
    with engine.database.connect().execution_options(isolation_level="AUTOCOMMIT", writes=True) as connection:
        connection.exec_driver_sql("ANALYZE" if engine.is_sqlite else "VACUUM ANALYZE")


def _activity(instance: dict[str, Any], number: int, step: int) -> dict[str, Any]:
    begun = instance["started_at"] - timedelta(days=number % 300, hours=A_CASE - step)
    element, tag = ("solved", "exclusiveGateway") if step % 2 else (("serve", "support")[step // 2 % 2], "userTask")
    return {"id": f"bench{number:08d}.{step + 2}", "instance_id": f"bench{number:08d}", "token": step + 2, "scope": 1,
            "process_key": "bench", "element": element, "type": tag, "name": element, "started_at": begun,
            "ended_at": begun + timedelta(minutes=10 + number % 50), "end_state": "left", "flows": f'["{element}_to"]',
            "seq": step + 2, "actor": "eva"}


def _task(offered: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    return offered | {
        "id": row["id"], "instance_id": row["instance_id"], "token": row["token"], "element": row["element"],
        "created_at": row["started_at"], "claimed_at": row["started_at"] + timedelta(minutes=5),
        "due_at": row["started_at"] + timedelta(minutes=40), "state": "completed", "ended_at": row["ended_at"],
        "completed_by": "eva"}
