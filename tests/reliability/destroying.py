"""A worker that destroys what cases hold, and may be killed at a named point of it."""

import sqlalchemy as sa

from engine import comments, jobs
from engine.audit import deciding, erasure
from engine.settings import Settings
from engine.tables import candidate_group
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, start, user
from tests.reliability.trap import Point, Trap
from tests.small_company import Small

CASES = 4
SECRET = "Ouyang"


def prepare(url: str) -> str:
    """Finished cases whose erasure two people decided; gives the destruction's id. Nothing has gone yet."""
    engine = ProcessEngine(Settings(database_url=url), clock=Clock())
    small = Small(engine)
    small.deploy(diagram(start(), user("write"), end(), flows("begin", "write", "done")))
    for _ in range(CASES):
        case_id = small.start(variables={"customer": SECRET})
        small.do("root", comments.add, case_id, f"{SECRET} called")
        small.complete("write")
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(candidate_group).values(audits=True))
    destruction_id = str(small.do("root", erasure.propose, customer=SECRET, reason="asked for"))
    for who in ("ann", "bob"):
        with engine.reading(SYSTEM) as uow:
            digest = deciding.seen(uow, deciding.get(uow, destruction_id))
        small.do(who, deciding.confirm, destruction_id, seen_digest=digest, reason="checked")
    engine.close()
    return destruction_id


def work(url: str, point: Point | None = None, later: int = 0) -> None:
    """Run what is due, `later` hours after the beginning."""
    clock, trap = Clock(), Trap(point)
    clock.move(hours=later)
    engine = ProcessEngine(Settings(database_url=url), clock=clock)
    trap.follow(engine.database)
    trap.enter("destroy")
    jobs.run_all(engine)
    engine.close()
