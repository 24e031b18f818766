"""Many open cases moved to another version: the dry run, the moving by one worker, and the undoing."""

import time

from engine import deployments, jobs, migration, migration_plans, migration_rehearsal
from engine.bundles import latest
from engine.diagram.check import File
from engine.settings import Settings
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.bench.company import bench_diagram
from tests.bench.measuring import Table
from tests.bench.steps import start
from tests.conftest import Databases


def measure(table: Table, kind: str, databases: Databases, template: str, *, cases: int) -> None:
    """The rows of a migration on one kind of database: a deadline becomes longer, a task changes hands."""
    url = databases.new(template)
    engine = ProcessEngine(Settings(database_url=url))
    for _ in range(cases):
        start(engine)
    with engine.transaction(SYSTEM) as uow:
        source = latest(uow, "process", "bench")
        changed = bench_diagram().replace(b"PT4H", b"PT8H").replace(b"technical_support", b"service_lead")
        deployments.deploy(uow, [File("bench.bpmn", changed)], name="bench")
        target = latest(uow, "process", "bench")
        assert source is not None
        assert target is not None
        sides = migration_rehearsal.sides(uow, source.id, target.id)
    mapping = migration.propose(sides.before, sides.after)
    begin = time.perf_counter()
    with engine.reading(SYSTEM) as uow:
        found = migration_rehearsal.rehearse(uow, source.id, sides.after, mapping)
    _add(table, kind, f"dry run of a migration, {cases:,} open cases", begin, found.possible)
    with engine.transaction(SYSTEM) as uow:
        plan = migration_plans.create(uow, source=source.id, target=target.id, mapping=mapping, reason="bench")
        migration_plans.start(uow, plan)
    _run(table, kind, engine, f"{cases:,} open cases moved to another version, one worker", plan, "moved")
    with engine.transaction(SYSTEM) as uow:
        migration_plans.undo(uow, plan, reason="bench")
    _run(table, kind, engine, f"{cases:,} moves undone, one worker", plan, "undone")
    engine.close()
    databases.drop(url)


def _run(table: Table, kind: str, engine: ProcessEngine, what: str, plan: str, status: str) -> None:  # noqa: PLR0917 - a row's parts
    begin = time.perf_counter()
    jobs.run_all(engine)
    with engine.reading(SYSTEM) as uow:
        done = migration_plans.progress(uow, plan).counts[status]
    _add(table, kind, what, begin, done)


def _add(table: Table, kind: str, what: str, begin: float, cases: int) -> None:
    taken = time.perf_counter() - begin
    table.add(what, kind, f"{taken:.1f} s", f"{cases / taken:,.0f} cases/s; {cases:,} could")
