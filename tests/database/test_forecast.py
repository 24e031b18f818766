"""What will fire: by day, by kind, with case and element; and how many jobs there are of each kind."""

from datetime import UTC, date, datetime

import pytest

from engine import calendars, forecast, incidents
from engine.errors import Forbidden
from engine.unit_of_work import SYSTEM, JobContext, UnitOfWork
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, node, service, start, timer
from tests.small_company import Small

WAIT = diagram(start(), node("intermediateCatchEvent", "wait", timer("P2D")), end(), flows("begin", "wait", "done"),
               starters="staff")
WORK = diagram(start(), service("file", "file"), end(), flows("begin", "file", "done"), starters="staff")


@pytest.fixture
def small(small: Small) -> Small:
    with small.engine.transaction(SYSTEM) as uow:
        calendars.seed(uow, 2026, 2026)
    return small


def fails(_uow: UnitOfWork, _context: JobContext) -> None:
    raise OSError("the printer is on fire")


def test_timer_is_told_with_its_day_case_and_element(small: Small) -> None:
    small.deploy(WAIT)
    case = small.start()
    rows, following = small.do("root", forecast.page, "next")
    assert following is None
    assert [(found.row.business_key, found.element.id) for found in rows] == [(small.case(case).business_key, "wait")]
    days = small.do("root", forecast.strip)
    assert [(each.day, each.firings) for each in days if each.firings] == [(date(2026, 3, 4), 1)]
    assert len(days) == 14
    assert [each.is_working for each in days[:7]] == [True] * 5 + [False] * 2
    assert small.do("root", forecast.page, "next", day=date(2026, 3, 5))[0] == []


def test_day_begins_at_midnight_of_the_company(small: Small, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 2, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    small.deploy(WAIT)
    small.start()
    clock.set(datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    small.start()
    assert [each.firings for each in small.do("root", forecast.strip)][:3] == [0, 1, 1]


def test_late_timer_counts_for_today(small: Small, clock: Clock) -> None:
    small.deploy(WAIT)
    small.start()
    clock.move(days=5)
    assert small.do("root", forecast.strip)[0].firings == 1
    assert small.do("root", forecast.counts).due == 1


def test_pages_hold_each_timer_once(small: Small, clock: Clock) -> None:
    small.deploy(WAIT)
    keys = set()
    for n in range(forecast.SHOWN + 3):
        clock.move(seconds=n % 2)
        keys.add(small.case(small.start()).business_key)
    first, following = small.do("root", forecast.page, "next")
    rest, last = small.do("root", forecast.page, "next", after=following)
    assert (len(first), len(rest), last) == (forecast.SHOWN, 3, None)
    assert {found.row.business_key for found in (*first, *rest)} == keys
    one = sorted(keys)[0]
    assert {found.row.business_key for found in small.do("root", forecast.page, "next", search=one.lower())[0]} >= {one}


def test_job_that_fails_is_counted_as_failing_and_then_as_given_up(small: Small, clock: Clock) -> None:
    small.operation("file", fails)
    small.deploy(WORK)
    small.start()
    assert small.do("root", forecast.counts).due == 1
    small.run()
    assert small.do("root", forecast.counts).failing == 1
    for _ in range(4):
        clock.move(minutes=30)
        small.run()
    counts = small.do("root", forecast.counts)
    assert (counts.failing, counts.failed, counts.due) == (0, 1, 0)
    found = small.do("root", incidents.unresolved)[0][0]
    assert (found.cause, found.row.tries, found.element.id) == ("connection", 3, "file")


def test_incident_tried_again_is_on_the_record_and_only_for_administrators(small: Small, clock: Clock) -> None:
    test_job_that_fails_is_counted_as_failing_and_then_as_given_up(small, clock)
    found = small.do("root", incidents.unresolved)[0][0].row.id
    with pytest.raises(Forbidden):
        small.do("lea", incidents.retry, found)
    small.operation("file", lambda _uow, _context: None)
    small.do("root", incidents.retry, found)
    small.run()
    assert small.do("root", incidents.unresolved) == ([], None)


def test_start_timer_is_told_without_a_case(small: Small) -> None:
    monthly = timer("R/2026-03-25T09:00:00+08:00/P1M", "timeCycle")
    small.deploy(diagram(start("monthly", monthly), end(), flows("monthly", "done")))
    found = small.do("root", forecast.page, "next")[0][0]
    assert (found.row.kind, found.row.business_key, found.element.id) == ("start", None, "monthly")
