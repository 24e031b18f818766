"""Figures per element: each is as a plain count over the rows says, whatever their order, version, office and period."""

import math
import random
import statistics
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from engine import calendar, calendars, interventions, tasks
from engine.audit import figures
from engine.audit.figures import Figures, Wanted
from engine.audit.working_clock import WorkingClock
from engine.calendar import WorkingCalendar
from engine.canonical import loads
from engine.interventions import SendBack
from engine.tables import activity_instance, calendar_day, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.database import acting
from tests.diagram_text import boundary, diagram, end, flow_if, flows, node, properties, start, timer, user
from tests.small_company import Small

LOOP = diagram(
    start(), user("check"), boundary("late", "check", timer("PT4H"), interrupts=False, before=properties(deadline="true")),
    end("told"), node("exclusiveGateway", "again", default="again_to_done"), user("repair"), end(),
    flows("begin", "check", "repair", "again", "done"), flow_if("again", "check", "again = true"), flows("late", "told"))


@pytest.fixture
def small(engine: ProcessEngine) -> Small:
    return Small(engine)


def looked(engine: ProcessEngine, process: str = "case", **wanted: Any) -> Figures:
    with engine.reading(SYSTEM) as uow:
        return figures.figures(uow, Wanted(process, **wanted))


def rank(values: list[float], share: float) -> float:
    """The nearest rank, by counting: the smallest value that so much of all do not exceed."""
    return min(value for value in values if sum(one <= value for one in values) >= share * len(values))


def played(small: Small, clock: Clock) -> list[str]:
    """Three cases: one loops and is late, one was never claimed, one waits for its check past the due date."""
    small.deploy(LOOP)
    first, second, third = (small.start() for _ in range(3))
    for hours in (1, 6, 2):
        clock.move(hours=hours)
        waits = next(row for row in small.rows(sa.select(task).where(task.c.instance_id == first, task.c.state == "open")))
        small.do("ann", tasks.claim, waits.id)
        clock.move(minutes=30)
        small.run()
        small.do("ann", tasks.complete, waits.id, variables={"again": hours == 6} if waits.element == "repair" else {})
    other = next(row for row in small.rows(sa.select(task).where(task.c.instance_id == second, task.c.state == "open")))
    small.do("bob", tasks.complete, other.id, variables={})
    return [first, second, third]


def test_times_waiting_and_work_are_what_the_rows_say(small: Small, clock: Clock) -> None:
    played(small, clock)
    found = looked(small.engine).elements
    for element in ("check", "repair"):
        rows = small.rows(sa.select(task).where(task.c.element == element))
        waiting = [(row.claimed_at - row.created_at).total_seconds() for row in rows if row.claimed_at]
        working = [(row.ended_at - row.claimed_at).total_seconds() for row in rows
                   if row.state == "completed" and row.claimed_at < row.ended_at]
        figure = found[element]
        assert (figure.times, figure.cases) == (len(rows), len({row.instance_id for row in rows}))
        assert (figure.clock_time["waiting"].count, figure.clock_time["working"].count) == (len(waiting), len(working))
        assert figure.clock_time["waiting"].median == rank(waiting, 0.5)
        assert figure.clock_time["waiting"].ninth == rank(waiting, 0.9)
        assert figure.clock_time["working"].median == rank(working, 0.5) == 1_800


def test_late_are_those_that_ended_after_their_due_date_or_wait_past_it(small: Small, clock: Clock) -> None:
    played(small, clock)
    figure = looked(small.engine).elements["check"]
    rows = [row for row in small.rows(sa.select(task).where(task.c.element == "check")) if row.due_at]
    judged = [row for row in rows if row.ended_at or clock.now > row.due_at]
    over = [((row.ended_at or clock.now) - row.due_at).total_seconds() for row in judged]
    assert (figure.judged, figure.late) == (len(judged), sum(each > 0 for each in over))
    assert figure.late >= 2  # one completed late, one still open
    assert figure.clock_time["overrun"].median == rank([each for each in over if each > 0], 0.5)
    assert looked(small.engine).elements["repair"].judged == 0


def test_rework_is_counted_by_run_and_the_case_is_named(small: Small, clock: Clock) -> None:
    first, *_ = played(small, clock)
    figure = looked(small.engine).elements["check"]
    assert (figure.runs, figure.repeated, figure.repeats) == (3, 1, pytest.approx(4 / 3))
    assert [(each.case_id, each.times) for each in figure.examples["rework"]] == [(first, 2)]


def test_flows_are_counted_as_they_were_taken(small: Small, clock: Clock) -> None:
    played(small, clock)
    taken: Counter[str] = Counter()
    for row in small.rows(sa.select(activity_instance.c.flows).where(activity_instance.c.flows.is_not(None))):
        taken.update(loads(row.flows))
    found = looked(small.engine).flows
    assert found == dict(sorted(taken.items()))
    assert found["again_to_check"] == 1


def test_step_done_again_after_it_was_sent_back_is_rework(small: Small) -> None:
    small.deploy(LOOP)
    case = small.start()
    small.complete("check")
    with small.engine.reading(SYSTEM) as uow:
        target = interventions.targets(uow, uow.lock_instance(case), small.task("repair").token)[0]
    small.do("root", interventions.intervene, case, SendBack(small.task("repair").token, "check", target.scope), reason="看错了")
    assert looked(small.engine).elements["check"].repeated == 1


def test_only_the_version_office_and_period_asked_for_are_counted(small: Small, clock: Clock) -> None:
    small.deploy(LOOP)
    small.start("ann", office="north")
    begun = clock.now
    clock.move(days=2)
    small.deploy(LOOP.replace(b'id="check"', b'id="check" name="again"'))
    small.start("ann", office="south")
    engine = small.engine
    assert [looked(engine, version=each).elements["check"].times for each in (1, 2)] == [1, 1]
    assert [looked(engine, office=each).looked for each in ("north", "south", "head")] == [2, 2, 0]
    assert looked(engine, since=begun + timedelta(days=1)).cases == 1
    assert looked(engine, until=begun).cases == 0
    assert looked(engine, since=begun, until=begun + timedelta(days=1)).cases == 1
    assert looked(engine).cases == 2


def test_bounded_work_takes_the_newest_and_says_so(small: Small, clock: Clock) -> None:
    small.deploy(LOOP)
    for _ in range(3):
        small.start()
        clock.move(hours=1)
    newest = small.rows(sa.select(process_instance.c.id).order_by(process_instance.c.started_at.desc()))[0].id
    with small.engine.reading(SYSTEM) as uow:
        found = figures.figures(uow, Wanted("case"), most=2)
        assert not figures.figures(uow, Wanted("case"), most=6).is_partial
    assert (found.looked, found.cases, found.is_partial) == (2, 1, True)
    assert found.elements["check"].examples["times"][0].case_id == newest


def test_parallel_parts_are_no_rework(company: ProcessEngine) -> None:
    acting.start(company, "clerk", "customer_feedback")
    found = looked(company, "customer_feedback")
    assert found.elements["submit_repair_orders"].times > 1
    assert found.elements["submissions"].times == found.elements["submit_repair_orders"].times
    assert {name: each.repeated for name, each in found.elements.items() if each.repeated} == {}


def test_working_time_leaves_nights_and_holidays_out(company: ProcessEngine, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 6, 8, 30, tzinfo=UTC))  # Friday, 16:30 in Shanghai: an hour of work is left
    case = acting.start(company, "lead.changsha", "complaint", received_by="phone", customer="储蓄所", complaint_text="晚")
    clock.set(datetime(2026, 3, 9, 1, 30, tzinfo=UTC))  # Monday, 09:30
    case.do("lead.changsha", "judge_complaint", is_complaint="yes")
    figure = looked(company, "complaint").elements["judge_complaint"]
    assert figure.working_time["waiting"].median == 2 * 3600
    assert figure.clock_time["waiting"].median == 65 * 3600


def test_laid_out_calendar_tells_the_same_as_the_one_that_walks(company: ProcessEngine) -> None:
    draw, first = random.Random(7), datetime(2026, 1, 1, tzinfo=UTC)
    with company.reading(SYSTEM) as uow:
        known = calendars.load(uow)
        assert uow.rows(sa.select(calendar_day))
    sparse = WorkingCalendar.from_rows({"every": [["08:30", "12:00"]], "weekdays": {"6": [["09:00", "10:00"]], "5": []}}, {},
                                       "Asia/Shanghai", 1)
    for kept in (known, sparse):
        fast = WorkingClock(kept, first, first + timedelta(days=400))
        for _ in range(200):
            begin, end = sorted(first + timedelta(minutes=draw.randrange(400 * 1440)) for _ in range(2))
            assert fast.between(begin, end) == calendar.working_between(begin, end, kept).total_seconds()


def rows_of_chance(draw: random.Random) -> list[Any]:
    """Rows as the statement gives them, with called processes, loops and parts of parallel activities among them."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    made = []
    for token in range(2, 60):
        begun = now + timedelta(minutes=draw.randrange(10_000))
        claimed = draw.choice([None, begun + timedelta(minutes=draw.randrange(100))])
        ended = claimed and draw.choice([None, claimed + timedelta(minutes=draw.randrange(100))])
        made.append(SimpleNamespace(
            instance_id=draw.choice("abc"), token=token, scope=draw.choice([1, 1, token, draw.randrange(1, token)]),
            element=draw.choice(["check", "repair"]), type="userTask", started_at=begun, ended_at=ended,
            flows=draw.choice([None, '["one"]', '["one","two"]']), business_key="N", created_at=begun, claimed_at=claimed,
            due_at=draw.choice([None, begun + timedelta(minutes=50)]), state="completed" if ended else "open",
            task_ended_at=ended))
    return made


@pytest.mark.parametrize("seed", range(20))
def test_figures_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    draw = random.Random(seed)
    rows = rows_of_chance(draw)
    unique = list({(row.instance_id, row.token): row for row in rows}.values())
    mixed = draw.sample(unique, len(unique))
    now = datetime(2026, 4, 1, tzinfo=UTC)
    assert figures.aggregate(unique, None, now, loops={"repair"}) == figures.aggregate(mixed, None, now, loops={"repair"})


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 100])
def test_percentiles_are_nearest_ranks(count: int) -> None:
    values = [float(random.Random(count).randrange(50)) for _ in range(count)]
    assert figures.spread(values) == figures.Spread(count, rank(values, 0.5), rank(values, 0.9))
    assert figures.spread(values).median == statistics.median_low(values)
    assert math.isclose(figures.nearest_rank(sorted(values), 1.0), max(values))
