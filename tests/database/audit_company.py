"""A company with cases of every kind that auditors search by: versions, offices, ends, lateness, interventions, substitutes."""

import random
from datetime import timedelta

import sqlalchemy as sa

from engine import instances, interventions, passwords, substitutions, tasks
from engine.interventions import SetVariable, Skip
from engine.settings import Settings
from engine.tables import process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import MONDAY, Clock, prepare_empty
from tests.diagram_text import diagram, end, flow_if, flows, node, properties, start, user
from tests.small_company import Small

DUE = "${due}"
GATEWAY = node("exclusiveGateway", "either", default="either_to_repair")
CHECK = user("check", "staff", properties(clause="5.1.6"), name="检查", camunda_dueDate=DUE)
REPAIR = user("repair", "engineers", properties(clause="5.1.15 n4, n6; 5.1.7"), name="修理", camunda_dueDate=DUE)
PACK = user("pack", "staff", properties(clause="5.1.1"), name="包装")
ENDS = end() + end("refused")
BRANCH = flow_if("either", "refused", "broken = false")
FIRST = diagram(start(), CHECK, GATEWAY, REPAIR, ENDS, flows("begin", "check", "either", "repair", "done"), BRANCH)
SECOND = diagram(start(), CHECK, GATEWAY, REPAIR, PACK, ENDS, flows("begin", "check", "either", "repair", "pack", "done"), BRANCH)
CALLING = diagram(start(), node("callActivity", "ask", calledElement="help"), end(), flows("begin", "ask", "done"), key="other")
CALLED = diagram(start(), user("advise", "leads", properties(clause="5.1.18 n2"), name="指导"), end(),
                 flows("begin", "advise", "done"), key="help", starters="")
CUSTOMERS = ("长沙市五一路储蓄所", "岳阳邮政支局", "Guangzhou Tax", None)
CASES = 36
PASSWORD = "open sesame"


def play(small: Small, clock: Clock) -> None:
    """So many cases over some weeks, each taken as far as the dice say; the same each time."""
    dice = random.Random(6)
    small.deploy(FIRST, CALLING, CALLED)
    for number in range(CASES):
        if number == CASES // 2:
            small.deploy(SECOND)
        clock.move(hours=dice.choice((3, 20, 50)))
        case = begin(small, dice, number, clock)
        for _ in range(dice.randrange(5)):
            clock.move(hours=dice.choice((1, 8)))
            act(small, dice, case)
    small.do("ann", substitutions.enter, "ann", substitute="bob", from_at=clock.now, until_at=clock.now + timedelta(days=2),
             reason="培训")
    waits = small.rows(open_tasks().where(task.c.element == "check"))[-1]
    small.do("root", tasks.assign, waits.id, assignee="ann", reason="她熟悉")
    small.do("bob", tasks.complete, waits.id, variables={})


def prepare(url: str) -> None:
    """All of it on a new database."""
    prepare_empty(url)
    clock = Clock()
    engine = ProcessEngine(Settings(database_url=url), clock=clock)
    small, hashed = Small(engine), passwords.hash_password(PASSWORD)
    play(small, clock)
    with engine.transaction(SYSTEM) as uow:
        for user_id in ("root", "ann"):
            passwords.set_password(uow, user_id, hashed)
    small.must_be_proven()
    engine.close()


def begin(small: Small, dice: random.Random, number: int, clock: Clock) -> str:
    """Start one."""
    due = clock.now + timedelta(hours=dice.choice((2, 30, 400)))
    return small.start(
        dice.choice(("ann", "bob")), dice.choice(("case", "case", "other")), office=dice.choice(("north", "south", "head")),
        variables={"broken": dice.random() < .7, "due": dice.choice((None, due.isoformat())), "customer": dice.choice(CUSTOMERS),
                   "serial_number": f"SN-{number % 7:04d}"})


def open_tasks() -> sa.Select:
    return sa.select(task).where(task.c.state == "open").order_by(task.c.id)


def act(small: Small, dice: random.Random, case: str) -> None:
    """One thing that people do with it, as far as it goes on."""
    row = small.rows(sa.select(process_instance).where(process_instance.c.id == case))[0]
    offered = small.rows(open_tasks().where(task.c.instance_id == case))
    if row.status == "suspended":
        small.do("root", instances.resume, case, reason="继续")
    elif offered:
        _work(small, dice, case, offered[0])


def _work(small: Small, dice: random.Random, case: str, offered: sa.Row) -> None:
    match dice.randrange(12):
        case 0:
            small.do("root", instances.suspend, case, reason="等配件")
        case 1:
            small.do("root", instances.terminate, case, reason="重复登记")
        case 2:
            small.do("root", interventions.intervene, case, Skip(offered.token), reason="客户已自行解决")
        case 3:
            small.do("root", interventions.intervene, case, SetVariable(1, "broken", "false", "boolean"), reason="改正")
        case 4:
            small.do("root", tasks.set_due, offered.id, due_at=MONDAY + timedelta(days=200), reason="客户要求")
        case _:
            who = {"check": "ann", "pack": "bob"}.get(offered.element, "root")
            small.do(who, tasks.complete, offered.id, variables={})
