"""The working calendar's page: how far it reaches, and a day set by an administrator."""

from datetime import UTC, date, datetime, timedelta

from engine import calendar as working_time
from engine import calendars
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.web_client import Client
from web import create_app


def administrator(company: ProcessEngine) -> Client:
    reader = Client(create_app(engine=company))
    reader.sign_in("admin")
    reader.get("/admin/calendar")
    return reader


def test_a_day_set_free_moves_the_working_time(company: ProcessEngine) -> None:
    reader = administrator(company)
    answer = reader.send("/admin/calendar", day="2026-03-09", is_working="no", name="停电检修")
    assert answer.status_code == 302
    with company.reading(SYSTEM) as uow:
        working = calendars.load(uow)
    friday_at_four = datetime(2026, 3, 6, 8, 0, tzinfo=UTC)
    assert (working.revision, working.is_working(date(2026, 3, 9))) == (2, False)
    due = working_time.add_working(friday_at_four, timedelta(hours=8), working)
    assert due == datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def test_a_past_day_and_no_day_are_refused_with_what_was_typed(company: ProcessEngine) -> None:
    reader = administrator(company)
    assert reader.send("/admin/calendar", day="2026-01-05", is_working="no", name="停电检修").status_code == 400
    assert "已经过去" in reader.page
    assert "停电检修" in reader.page
    assert reader.send("/admin/calendar", day="soon", is_working="no", name="停电检修").status_code == 400
    with company.reading(SYSTEM) as uow:
        assert calendars.load(uow).revision == 1


def test_the_calendars_end_is_warned_about(company: ProcessEngine, clock: Clock) -> None:
    with company.reading(SYSTEM) as uow:
        last = calendars.horizon(uow).last_day
    assert last is not None
    assert "只登记到" not in administrator(company).page
    clock.set(datetime(last.year, last.month, 1, 2, 0, tzinfo=UTC))
    assert f"只登记到 {last.isoformat()}" in administrator(company).page


def test_the_calendar_is_the_administrators(company: ProcessEngine) -> None:
    reader = Client(create_app(engine=company))
    reader.sign_in("lead.changsha")
    assert reader.get("/admin/calendar").status_code == 403
