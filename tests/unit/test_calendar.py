"""Working time, timer texts and cycles: what is due when, across holidays, make-up days, month ends and skipped hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import calendar, durations
from engine.calendar import WorkingCalendar, add_working, due_at, last_known_day, missed, next_due, working_between
from engine.durations import Duration, parse_cycle, parse_date, parse_duration
from engine.errors import InvalidValue

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS = [["08:30", "12:00"], ["13:00", "17:30"]]
DAYS = {row["day"]: row["is_working"] for row in calendar.seed_days(2025, 2027)}
WORK = WorkingCalendar.from_rows(HOURS, DAYS, "Asia/Shanghai", 1)
BY_WORK = {"calendar": "default"}
ROLL = {"roll": "before"}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def shown(moment):
    return None if moment is None else moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(("start", "hours", "end"), [
    ("2026-11-20 16:00", 8, "2026-11-23 16:00"),  # Friday, the office's own example
    ("2026-11-20 08:30", 8, "2026-11-20 17:30"),
    ("2026-11-20 12:30", 1, "2026-11-20 14:00"),
    ("2026-11-21 10:00", 1, "2026-11-23 09:30"),
    ("2026-11-20 03:00", 0.5, "2026-11-20 09:00"),
    ("2026-11-20 23:00", 0.5, "2026-11-23 09:00"),
    ("2026-09-30 16:00", 8, "2026-10-08 16:00"),  # National Day 1 to 7 October
    ("2026-10-09 16:00", 8, "2026-10-10 16:00"),  # Saturday 10 October makes up
    ("2026-10-10 16:00", 8, "2026-10-12 16:00"),
    ("2026-02-13 16:00", 8, "2026-02-14 16:00"),  # Saturday before the Spring Festival makes up
    ("2026-02-14 16:00", 8, "2026-02-24 16:00"),
])
def test_working_hours_pass_only_while_people_work(start, hours, end):
    assert shown(add_working(at(start), timedelta(hours=hours), WORK)) == end


@pytest.mark.parametrize(("begin", "end", "hours"), [
    ("2026-11-20 16:00", "2026-11-23 16:00", 8), ("2026-11-21 00:00", "2026-11-22 23:00", 0),
    ("2026-11-20 11:00", "2026-11-20 14:00", 2),
    ("2026-09-30 17:30", "2026-10-08 08:30", 0), ("2026-11-23 16:00", "2026-11-20 16:00", -8),
])
def test_working_between(begin, end, hours):
    assert working_between(at(begin), at(end), WORK) == timedelta(hours=hours)


MOMENTS = st.integers(0, 1_200_000).map(lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
SPANS = st.timedeltas(timedelta(minutes=1), timedelta(hours=200))


@given(MOMENTS, SPANS)
def test_adding_and_measuring_working_time_are_inverse(start, span):
    assert working_between(start, add_working(start, span, WORK), WORK) == span


@given(MOMENTS, MOMENTS, SPANS, SPANS)
def test_adding_working_time_keeps_order(one, other, short, long):
    assert add_working(min(one, other), min(short, long), WORK) <= add_working(max(one, other), max(short, long), WORK)


@given(MOMENTS, SPANS)
def test_working_time_ends_within_working_hours(start, span):
    end = add_working(start, span, WORK).astimezone(SHANGHAI)
    assert WORK.is_working(end.date())
    assert any(begin < end <= close for begin, close in WORK.spans(end.date()))


@given(MOMENTS, MOMENTS, MOMENTS)
def test_working_time_adds_up(one, other, third):
    first, middle, last = sorted((one, other, third))
    assert working_between(first, middle, WORK) + working_between(middle, last, WORK) == working_between(first, last, WORK)


# ------------------------------------------------------------------ hours of their own
BY_WEEKDAY = {"every": HOURS, "weekdays": {"6": [["09:00", "12:00"]], "5": [["08:30", "12:00"], ["13:00", "16:00"]]}}
SATURDAYS = WorkingCalendar.from_rows(BY_WEEKDAY, DAYS, "Asia/Shanghai", 1)


@pytest.mark.parametrize(("start", "hours", "end"), [
    ("2026-11-20 15:00", 1, "2026-11-20 16:00"), ("2026-11-20 15:00", 2, "2026-11-21 10:00"),
    ("2026-11-20 15:00", 5, "2026-11-23 09:30"),
    ("2026-10-09 15:00", 2, "2026-10-10 09:30"),  # Saturday 10 October makes up: a whole day from 08:30
    ("2026-10-09 15:00", 9, "2026-10-10 17:30"),
    ("2026-10-02 15:00", 1, "2026-10-08 09:30"),  # a Saturday within the holidays stays free
])
def test_weekdays_may_have_hours_of_their_own(start, hours, end):
    assert shown(add_working(at(start), timedelta(hours=hours), SATURDAYS)) == end


def test_weekday_without_hours_is_free_unless_it_makes_up():
    fridays = WorkingCalendar.from_rows({"every": HOURS, "weekdays": {"5": []}}, {date(2026, 11, 27): True}, "Asia/Shanghai", 1)
    assert [fridays.is_working(date(2026, 11, day)) for day in (19, 20, 21, 27)] == [True, False, False, True]
    assert shown(add_working(at("2026-11-27 08:00"), timedelta(hours=8), fridays)) == "2026-11-27 17:30"


def test_hours_of_every_day_read_as_before():
    assert WorkingCalendar.from_rows({"every": HOURS, "weekdays": {}}, DAYS, "Asia/Shanghai", 1) == WORK


@st.composite
def calendars(draw):
    """Any hours of weekdays, on the half hour, and any days that differ."""
    def spans(least):
        edges = sorted(draw(st.sets(st.integers(0, 47), min_size=2 * least, max_size=6)))
        edges = [f"{edge // 2:02d}:{edge % 2 * 30:02d}" for edge in edges[:len(edges) // 2 * 2]]
        return [list(pair) for pair in zip(edges[::2], edges[1::2], strict=True)]

    own = {weekday: spans(0) for weekday in draw(st.sets(st.sampled_from("124567")))}
    days = draw(st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 3, 1)), st.booleans(), max_size=20))
    return WorkingCalendar.from_rows({"every": spans(1), "weekdays": own}, days, "Asia/Shanghai", 1)


@given(calendars(), st.integers(0, 80_000).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
       st.timedeltas(timedelta(minutes=1), timedelta(hours=40)))
def test_adding_and_measuring_are_inverse_with_any_hours(working, start, span):
    end = add_working(start, span, working)
    assert working_between(start, end, working) == span
    assert working_between(start, end - timedelta(seconds=1), working) < span


def test_seeded_days_are_rows_of_the_table():
    rows = list(calendar.seed_days(2026, 2026))
    assert {"day": date(2026, 10, 10), "is_working": True, "name": "调休上班", "source": "holidays"} in rows
    assert {"day": date(2026, 10, 1), "is_working": False, "name": "国庆节", "source": "holidays"} in rows
    assert all(row["day"].year == 2026 for row in rows)


def test_calendar_is_reliable_as_far_as_make_up_days_are_announced():
    assert last_known_day(WORK) == date(2026, 12, 31)
    assert last_known_day(WorkingCalendar.from_rows(HOURS, {}, "Asia/Shanghai", 1)) is None


@pytest.mark.parametrize("hours", [
    [], [["09:00", "08:00"]], [["08:00", "12:00"], ["11:00", "13:00"]], {"every": [], "weekdays": {}},
    {"every": HOURS, "weekdays": {"8": []}}, {"every": HOURS, "weekdays": {"6": [["12:00", "09:00"]]}},
])
def test_calendar_with_impossible_hours_is_refused(hours):
    with pytest.raises(InvalidValue):
        WorkingCalendar.from_rows(hours, {}, "Asia/Shanghai", 1)


def test_calendar_in_which_nobody_works_is_an_error_not_a_hang():
    idle = WorkingCalendar.from_rows(HOURS, {date(2026, 1, 1) + timedelta(days=n): False for n in range(366 * 30)}, "UTC", 1)
    for properties, text in ((BY_WORK, "PT8H"), (BY_WORK, "P1D"), (ROLL, "PT8H")):
        with pytest.raises(InvalidValue) as caught:
            due_at("duration", text, at("2040-06-01 09:00"), idle, properties)
        assert caught.value.code == "calendar_without_working_time"


@pytest.mark.parametrize(("text", "expected"), [
    ("PT1M", Duration(0, 0, 60)), ("P1Y2M3DT4H5M6S", Duration(14, 3, 14706)), ("P2W", Duration(0, 14, 0)),
    ("PT60S", Duration(0, 0, 60)),
    ("P10Y", Duration(120, 0, 0)), (" P1D ", Duration(0, 1, 0)), ("PT48H", Duration(0, 0, 172800)),
])
def test_durations_are_read(text, expected):
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", [
    "", "P", "PT", "P1DT", "-PT5M", "PT-5M", "+PT5M", "1 day", "PT1H30", "P1W2D", "P0.5Y", "PT1,5H", "PT²M", "PT٥M", "PTInfS",
    "PTNaNS",
    "pt1h", "P1D\nP1D", "PT0S", "PT59S", "P0D", "P11Y", "P999999999Y", "P3654D1", "0 9 * * *", "P1H", "PT1D", "P1S", "PT1H1H",
])
def test_other_durations_are_refused(text):
    with pytest.raises(InvalidValue) as caught:
        parse_duration(text)
    assert caught.value.facts["value"] == text


@given(st.tuples(*(st.integers(0, most) for most in (9, 11, 27, 23, 59, 59))))
def test_every_written_duration_is_read_back(parts):
    years, months, days, hours, minutes, seconds = parts
    duration = Duration(years * 12 + months, days, hours * 3600 + minutes * 60 + seconds)
    text = f"P{years}Y{months}M{days}DT{hours}H{minutes}M{seconds}S"
    if duration.months or duration.days or duration.seconds >= 60:
        assert parse_duration(text) == duration
    else:
        with pytest.raises(InvalidValue):
            parse_duration(text)


@given(st.text(alphabet="PTRYMWDHS0123456789./-:+ZT五", max_size=30))
def test_any_text_is_a_time_or_refused(text):
    for parse in (parse_duration, parse_date, parse_cycle):
        try:
            found = parse(text)
        except InvalidValue:
            continue
        assert found is not None


@pytest.mark.parametrize(("text", "expected"), [
    ("2026-10-25T08:30:00+08:00", "2026-10-25 08:30"), ("2026-10-25T08:30", "2026-10-25 08:30"),
    ("2026-10-25T00:30Z", "2026-10-25 08:30"),
    ("2026-10-25", "2026-10-25 00:00"), ("2026-10-25T08:30:15.250-04:00", "2026-10-25 20:30"),
])
def test_dates_are_read(text, expected):
    assert shown(parse_date(text)) == expected


@pytest.mark.parametrize("text", [
    "", "2026-02-30T00:00", "2026-10-25 08:30", "20261025", "2026-10-25T25:00", "2026-10-25T08:30+25:00", "25.10.2026",
    "2026-W43-1", "0001-01-01T00:00Z", "9999-12-31T23:59-12:00", "２０２６-10-25", "tomorrow",
])
def test_other_dates_are_refused(text):
    with pytest.raises(InvalidValue):
        parse_date(text)


def test_skipped_local_hour_moves_on_and_doubled_one_is_the_first():
    assert parse_date("2026-03-29T02:30", "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert parse_date("2026-10-25T02:30", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    noon = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert durations.add(noon, Duration(days=1), "Europe/Berlin") - noon.astimezone(UTC) == timedelta(hours=23)
    assert durations.add(noon, Duration(seconds=86_400), "Europe/Berlin") - noon.astimezone(UTC) == timedelta(hours=24)


@pytest.mark.parametrize("text", [
    "R3", "R", "R/", "PT1H", "R3/PT1H/PT1H", "R0/PT1H", "R1001/PT1H", "R1000000/2020-01-01T00:00Z/PT1S", "R/PT0S", "R-1/PT1H",
    "0 0 9 25 * ?",
    "R3/2026-01-01T00:00Z", "R٣/PT1H", "R3/PT1H/2026-01-01T00:00Z/x", "r3/PT1H",
])
def test_other_cycles_are_refused(text):
    with pytest.raises(InvalidValue):
        parse_cycle(text)


NOW = at("2026-11-20 16:00")


@pytest.mark.parametrize(("kind", "text", "properties", "expected"), [
    ("duration", "PT8H", {}, "2026-11-21 00:00"), ("duration", "PT8H", BY_WORK, "2026-11-23 16:00"),
    ("duration", "P2D", {}, "2026-11-22 16:00"), ("duration", "P2D", BY_WORK, "2026-11-24 16:00"),
    ("duration", "P1DT8H", BY_WORK, "2026-11-24 16:00"), ("duration", "P3M", {}, "2027-02-20 16:00"),
    ("duration", "P2D", ROLL, "2026-11-20 16:00"), ("date", "2026-11-22T09:00", ROLL, "2026-11-20 09:00"),
    ("date", "2026-11-22T09:00", {}, "2026-11-22 09:00"), ("cycle", "R/PT1H", {}, "2026-11-20 17:00"),
    ("cycle", "R/2026-01-25T09:00:00+08:00/P1M", ROLL, "2026-11-25 09:00"),
])
def test_a_timer_is_due(kind, text, properties, expected):
    assert shown(due_at(kind, text, NOW, WORK, properties)) == expected


def test_a_timer_without_a_calendar_counts_by_the_clock():
    assert shown(due_at("duration", "PT8H", NOW, None, {})) == "2026-11-21 00:00"


@pytest.mark.parametrize(("kind", "text", "properties"), [
    ("duration", "P1M", BY_WORK), ("cycle", "R/P1M", ROLL), ("cycle", "R2/2020-01-01T00:00Z/P1M", {}), ("date", "", {}),
])
def test_a_timer_that_cannot_be_due_is_refused(kind, text, properties):
    with pytest.raises(InvalidValue):
        due_at(kind, text, NOW, WORK, properties)


def series(text, count, *, now, properties=None, last=None):
    found, fired = [], 0
    for _ in range(count):
        last = next_due(text, last, now, WORK, properties or {}, fired=fired)
        if last is None:
            break
        found.append(shown(last))
        now, fired = last, fired + 1
    return found


def test_the_month_on_the_25th_rolls_to_the_workday_before():
    assert series("R/2026-01-25T09:00:00+08:00/P1M", 6, now=at("2026-01-01 00:00"), properties=ROLL) == [
        "2026-01-23 09:00", "2026-02-25 09:00", "2026-03-25 09:00", "2026-04-24 09:00", "2026-05-25 09:00", "2026-06-25 09:00"]


def test_the_31st_stays_the_31st():
    assert series("R/2026-01-31T09:00:00+08:00/P1M", 4, now=at("2026-01-01 00:00")) == [
        "2026-01-31 09:00", "2026-02-28 09:00", "2026-03-31 09:00", "2026-04-30 09:00"]


def test_a_cycle_ends_after_its_repeats_or_its_end():
    assert series("R3/PT1H", 9, now=NOW) == ["2026-11-20 17:00", "2026-11-20 18:00", "2026-11-20 19:00"]
    assert series("R2/2026-11-20T18:00:00+08:00/P1D", 9, now=NOW) == ["2026-11-20 18:00", "2026-11-21 18:00"]
    assert series("R/PT1H/2026-11-20T18:30:00+08:00", 9, now=NOW) == ["2026-11-20 17:00", "2026-11-20 18:00"]


def test_working_cycle_rounds_are_working_hours_apart():
    assert series("R/PT4H", 3, now=NOW, properties=BY_WORK) == ["2026-11-23 11:00", "2026-11-23 16:00", "2026-11-24 11:00"]


def test_missed_rounds_collapse_into_one_with_a_count():
    text, due, late = "R/2026-11-20T09:00:00+08:00/PT1H", at("2026-11-20 09:00"), at("2026-11-20 13:30")
    assert missed(text, due, late, WORK, {}) == 4
    assert shown(next_due(text, due, late, WORK, {})) == "2026-11-20 14:00"
    assert missed(text, due, due, WORK, {}) == 0
    assert missed("R3/2026-11-20T09:00:00+08:00/PT1H", due, late, WORK, {}) == 2
    assert missed("R3/PT1H", due, late, WORK, {}) == 2
    assert missed("R/PT1H/2026-11-20T11:00:00+08:00", due, late, WORK, {}) == 2


def test_a_cycle_from_long_ago_is_found_at_once():
    assert shown(next_due("R/1970-01-01T00:00:00Z/PT1M", None, NOW, None, {})) == "2026-11-20 16:00"
    assert shown(next_due("R/1990-01-01T00:00:00Z/PT8H", None, at("2001-01-01 00:00"), WORK, BY_WORK)) is not None


@given(MOMENTS, st.integers(1, 2000), st.integers(0, 5000))
def test_next_round_is_the_first_that_is_not_past(start, minutes, later):
    text, now = f"R/{start:%Y-%m-%dT%H:%M:00Z}/PT{minutes}M", start + timedelta(minutes=later)
    due = next_due(text, None, now, None, {})
    begin = start.replace(second=0, microsecond=0)
    assert due >= max(begin, now)
    assert due - timedelta(minutes=minutes) < now or due == begin
    assert (due - begin) % timedelta(minutes=minutes) == timedelta(0)
