"""The working calendar's page: how far it reaches, and a day set by an administrator."""

import io
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
import sqlalchemy as sa

from engine import calendar as working_time
from engine import calendar_changes, calendars, deployments, instances, jobs
from engine.diagram.check import File
from engine.tables import job
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.diagram_text import boundary, diagram, end, flows, properties, start, timer, user
from tests.web_client import Client, app_of


def administrator(company: ProcessEngine) -> Client:
    reader = Client(app_of(company))
    reader.sign_in("admin")
    reader.get("/admin/calendar")
    return reader


def test_a_day_set_free_moves_the_working_time(company: ProcessEngine) -> None:
    reader = administrator(company)
    assert reader.send("/admin/calendar", day="2026-03-09", is_working="no", name="停电检修").status_code == 200
    with company.reading(SYSTEM) as uow:
        assert calendars.load(uow).revision == 1
    assert "尚未保存" in reader.page
    assert reader.send("/admin/calendar").status_code == 302
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
    reader = Client(app_of(company))
    reader.sign_in("lead.changsha")
    assert reader.get("/admin/calendar").status_code == 403


# ------------------------------------------------------------------ what moves, and how far it is
def test_preview_says_what_moves_and_the_page_how_far_it_is(company: ProcessEngine) -> None:
    late = boundary("late", "serve", timer("PT16H"), interrupts=False, before=properties(deadline="true", calendar="default"))
    served = diagram(start(), user("serve", "service_clerk"), late, end(), end("told"),
                     flows("begin", "serve", "done") + flows("late", "told"), key="served", starters="service_clerk")
    with company.transaction(SYSTEM) as uow:
        deployments.deploy(uow, [File("served.bpmn", served)], name="served")
        instances.start(uow, "served", checks_rights=False)
    reader = administrator(company)
    reader.send("/admin/calendar", day="2026-03-02", until="2026-03-31", is_working="no", name="停电检修")
    assert "1 个期限" in reader.page
    assert "涉及 1 个工单" in reader.page
    reader.send("/admin/calendar")
    assert "正在重新计算期限" in reader.get("/admin/calendar").get_data(as_text=True)
    jobs.run_all(company)
    assert "正在重新计算期限" not in reader.get("/admin/calendar").get_data(as_text=True)
    with company.reading(SYSTEM) as uow:
        [due_at] = [row.due_at for row in uow.rows(sa.select(job).where(job.c.kind == "timer", job.c.process_key == "served"))]
    assert due_at == datetime(2026, 4, 2, 9, 30, tzinfo=UTC)  # the end of the second working day of April


def test_change_by_another_meanwhile_shows_the_preview_again(company: ProcessEngine) -> None:
    reader = administrator(company)
    reader.send("/admin/calendar", day="2026-03-09", is_working="no", name="停电检修")
    seen = reader.hidden("/admin/calendar")
    with company.transaction(SYSTEM) as uow:
        calendar_changes.change_days(uow, {date(2026, 3, 10): (False, "another")})
    assert reader.post("/admin/calendar", seen).status_code == 200
    assert reader.send("/admin/calendar").status_code == 302


def test_weekdays_have_hours_of_their_own(company: ProcessEngine) -> None:
    reader = administrator(company)
    typed = {"begin0": "08:30", "end0": "12:00", "own6": "09:00-12:00", "own5": "-"}
    assert reader.send("/admin/calendar/hours", **typed).status_code == 200
    assert reader.send("/admin/calendar/hours").status_code == 302
    with company.reading(SYSTEM) as uow:
        working = calendars.load(uow)
    assert [working.is_working(date(2026, 3, day)) for day in (5, 6, 7, 8)] == [True, False, True, False]
    reader.get("/admin/calendar")
    assert reader.send("/admin/calendar/hours", **{**typed, "own6": "in the morning"}).status_code == 400


# ------------------------------------------------------------------ days from a file
EVENT = "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTART;VALUE=DATE:{0}\r\nDTEND;VALUE=DATE:{1}\r\nSUMMARY:{2}\r\n{3}END:VEVENT\r\n"


def listed(*events: tuple[str, str, str, str]) -> bytes:
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//\r\n" + "".join(EVENT.format(*event) for event in events)
            + "END:VCALENDAR\r\n").encode()


def upload(reader: Client, data: bytes, name: str = "days.csv") -> int:
    reader.get("/admin/calendar/import")
    return reader.send("/admin/calendar/import", file=(io.BytesIO(data), name)).status_code


def confirm(reader: Client) -> int:
    text = re.search(r'<textarea name="text" hidden>\n(.*?)</textarea>', reader.page, re.DOTALL)
    assert text
    return reader.send("/admin/calendar/import/confirm", text=unescape(text[1])).status_code


def test_list_in_icalendar_sets_its_days_once_confirmed(company: ProcessEngine) -> None:
    reader = administrator(company)
    data = listed(("20260101", "20260102", "元旦（休）", ""), ("20260706", "20260709", "高温假（休）", ""),
                  ("20260711", "20260712", "高温假（班）", ""),
                  ("20260718", "20260719", "Summer", "X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY\r\n"))
    assert upload(reader, data, "days.ics") == 200
    assert "变更 5 天，0 天已是如此，1 天已过，0 天有错误" in reader.page
    with company.reading(SYSTEM) as uow:
        assert calendars.load(uow).revision == 1
    assert confirm(reader) == 302
    with company.reading(SYSTEM) as uow:
        working = calendars.load(uow)
    assert working.revision == 2
    assert [working.is_working(date(2026, 7, day)) for day in (6, 7, 8, 9, 11, 12, 18)] == [
        False, False, False, True, True, False, True]
    reader.get("/admin/changes")
    assert "导入日历日子" in reader.page


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_table_from_excel_is_read_in_any_of_its_encodings(company: ProcessEngine, encoding: str) -> None:
    reader = administrator(company)
    assert upload(reader, "日期,类型,名称\r\n2026/7/6,休,高温假\r\n2026-07-11,上班,\r\n".encode(encoding)) == 200
    assert confirm(reader) == 302
    with company.reading(SYSTEM) as uow:
        assert not calendars.load(uow).is_working(date(2026, 7, 6))
        assert calendars.load(uow).is_working(date(2026, 7, 11))


def test_wrong_rows_are_told_by_line_and_nothing_is_offered(company: ProcessEngine) -> None:
    reader = administrator(company)
    rows = ("day,kind,name", "2026-02-30,休,a", "2026-01-05,休,b", "2026-07-06,休,c", "2026-07-06,班,d", "2026-07-07,maybe,e")
    assert upload(reader, "\n".join(rows).encode()) == 200
    for words in ("“2026-02-30”不是日期", "2026-01-05 已经过去", "2026-07-06 在第 4 行已出现", "看不出这一天上班还是休息",
                  "4 天有错误"):
        assert words in reader.page
    assert "/admin/calendar/import/confirm" not in reader.page


def test_import_after_another_change_is_refused(company: ProcessEngine) -> None:
    reader = administrator(company)
    upload(reader, b"day,kind,name\n2026-07-06,free,x\n")
    with company.transaction(SYSTEM) as uow:
        calendar_changes.change_days(uow, {date(2026, 7, 6): (False, "another")})
    assert confirm(reader) == 409
    assert "没有设置任何日子" in reader.page


@pytest.mark.parametrize("data", [
    b"", b"\x89PNG\r\n\x1a\n\x00\x00", b"salary\n1\n", b"day,kind\n" + b"x" * 1_000_001, b'day,kind\n2026-07-06,"free\n',
    b"day,kind\n", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b"BEGIN:VCALENDAR\nnonsense\nEND:VCALENDAR\n", listed(),
    b"\xff\xfe\xfd\xfc" * 9])
def test_file_that_is_no_list_of_days_is_refused_in_words(company: ProcessEngine, data: bytes) -> None:
    reader = administrator(company)
    assert upload(reader, data, "../evil.exe") in (400, 413)
    assert 'role="alert"' in reader.page
