"""A worker that moves open cases to another version, and may be killed at a named point of it."""

import sqlalchemy as sa

from engine import jobs, migration, migration_plans, migration_rehearsal
from engine.settings import Settings
from engine.tables import definition
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.diagram_text import boundary, diagram, end, flows, properties, start, timer, user
from tests.reliability.trap import Point, Trap
from tests.small_company import Small

CASES = 6
LATE = boundary("late", "serve", timer("P4D"), interrupts=False, before=properties(deadline="true"))
BEFORE = diagram(start(), user("serve"), end(), flows("begin", "serve", "done"), key="moving")
AFTER = diagram(start(), user("serve", "leads"), LATE, user("chase"), end(),
                flows("begin", "serve", "done") + flows("late", "chase", "done"), key="moving")


def prepare(url: str, *, is_undone: bool) -> str:
    """Cases of a version and a plan that has begun, or whose undoing has; gives its id. No case has gone (back) yet."""
    engine = ProcessEngine(Settings(database_url=url), clock=Clock())
    small = Small(engine)
    small.deploy(BEFORE)
    for _ in range(CASES):
        small.start(key="moving")
    small.deploy(AFTER)
    versions = sa.select(definition.c.id).where(definition.c.key == "moving").order_by(definition.c.version)
    source, target = (row.id for row in small.rows(versions))
    with engine.reading(SYSTEM) as uow:
        sides = migration_rehearsal.sides(uow, source, target)
    plan = small.do("root", migration_plans.create, source=source, target=target, reason="better",
                    mapping=migration.propose(sides.before, sides.after))
    small.do("root", migration_plans.start, plan)
    if is_undone:
        small.run()
        small.do("root", migration_plans.undo, plan, reason="worse")
    engine.close()
    return str(plan)


def work(url: str, point: Point | None = None, later: int = 0) -> None:
    """Run what is due, `later` hours after the beginning."""
    clock, trap = Clock(), Trap(point)
    clock.move(hours=later)
    engine = ProcessEngine(Settings(database_url=url), clock=clock)
    trap.follow(engine.database)
    trap.enter("move")
    jobs.run_all(engine)
    engine.close()
