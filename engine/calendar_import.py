"""Days of a calendar from a file, CSV or iCalendar (RFC 5545): every row gets a verdict first, and nothing is written until
that very outcome is confirmed; then all of it or nothing.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import icalendar

from engine import calendar_changes, calendars, canonical, history
from engine.calendar import WorkingCalendar
from engine.calendar_changes import Wanted
from engine.calendars import DEFAULT
from engine.errors import Conflict, EngineError, InvalidValue
from engine.unit_of_work import UnitOfWork

COLUMNS = ("day", "kind", "name")
_CALLED = {"日期": "day", "类型": "kind", "名称": "name"}
_WORKED = ("worked", "work", "workday", "make-up workday", "上班", "班", "调休上班", "补班", "工作日")
_FREE = ("free", "off", "holiday", "rest", "休", "放假", "休息", "假", "假期", "调休", "节假日")
_MARKS = (("班", True), ("workday", True), ("make-up", True),
          ("休", False), ("假", False), ("holiday", False), ("day off", False))
"""What the summary of an event says, the first that fits: `春节（班）`, `国庆节 补班`, `元旦（休）`, `清明节 假期 第1天`."""
_SPECIAL = {"ALTERNATE-WORKDAY": True, "WORK-HOLIDAY": False}  # X-APPLE-SPECIAL-DAY, of the widely used list of China's days
MOST = 400
"""So many days a file: a year's list has about forty."""
What = Literal["changed", "unchanged", "past", "error"]
Row = tuple[int, str, bool | None, str]
"""(number of the line or event, the day as text, is it worked — None: unknown, why)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row. `was` is whether the day is worked now and the name that it has; `error` names the field."""

    line: int
    told: str
    what: What
    is_working: bool = False
    name: str = ""
    was: tuple[bool, str] = (False, "")
    error: EngineError | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """All verdicts, the days that would be set, and a digest of file and outcome: who confirms must have seen the same."""

    verdicts: Sequence[Verdict]
    wanted: Wanted
    digest: str

    def count(self, what: What) -> int:
        """How many rows have this verdict."""
        return sum(verdict.what == what for verdict in self.verdicts)


def preview(uow: UnitOfWork, text: str, calendar_id: str = DEFAULT) -> Preview:
    """What the file would do, day by day. Raises `InvalidValue` where it is neither a table with our columns nor iCalendar.

    A past day is an error in a table; a list in iCalendar usually begins with the year, so there it is left out and said so.
    """
    working, is_list = calendars.load(uow, calendar_id), _is_list(text)
    rows = list(_events(text, working) if is_list else _lines(text))
    if not rows or len(rows) > MOST:
        raise InvalidValue("days_rows", field="file", value=len(rows), limit=MOST)
    names = {day.day: day.name for year in _years(rows) for day in calendars.year(uow, year, calendar_id).values()}
    today, seen = uow.now.astimezone(working.place).date(), dict[date, int]()
    verdicts = [_verdict(row, working, names, today, seen, is_list=is_list) for row in rows]
    wanted = {date.fromisoformat(v.told): (v.is_working, v.name) for v in verdicts if v.what == "changed"}
    outcome = [[v.line, v.told, v.what, v.is_working, v.name, *v.was] for v in verdicts]
    return Preview(verdicts, wanted, canonical.digest(canonical.dumps([text, working.revision, outcome])))


def confirm(uow: UnitOfWork, text: str, digest: str, calendar_id: str = DEFAULT) -> Preview:
    """Set the days, in this transaction. `Conflict` if file or calendar changed since the preview, or a row is wrong."""
    history.lock_changes(uow)
    found = preview(uow, text, calendar_id)
    if found.digest != digest:
        raise Conflict("days_changed")
    if found.count("error") or not found.wanted:
        raise Conflict("import_has_errors", n=found.count("error"))
    calendar_changes.change_days(uow, found.wanted, calendar_id, file=canonical.digest(text))
    return found


# ------------------------------------------------------------------ reading
def _is_list(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:15].upper() == "BEGIN:VCALENDAR"


def _lines(text: str) -> Iterator[Row]:
    """The rows of a table."""
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        names = [_CALLED.get(cell.strip(), cell.strip().lower()) for cell in next(reader, [])]
        if "day" not in names or "kind" not in names or len(set(names)) != len(names) or set(names) - set(COLUMNS):
            raise InvalidValue("days_file", field="file", value=", ".join(names)[:80], columns=", ".join(COLUMNS))
        for cells in reader:
            row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
            if any(row.values()):
                kind = row.get("kind", "")
                yield reader.line_num, row.get("day", ""), _kind(kind), (row.get("name", "") or kind)[:200]
    except csv.Error as problem:
        raise InvalidValue("days_table", field="file", value=reader.line_num) from problem


def _kind(word: str) -> bool | None:
    return True if word.lower() in _WORKED else False if word.lower() in _FREE else None


def _events(text: str, working: WorkingCalendar) -> Iterator[Row]:
    """The days of the events of an iCalendar list, in order of date; an event of several days is a row for each."""
    try:
        read = icalendar.Calendar.from_ical(text)
        events = [_event(number, event, working) for number, event in enumerate(read.walk("VEVENT"), 1)]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as problem:  # what the parser raises on broken text
        raise InvalidValue("days_list", field="file", value=str(problem)[:80]) from problem
    yield from sorted((row for event in events for row in event), key=lambda row: (row[1], row[0]))


def _event(number: int, event: Any, working: WorkingCalendar) -> list[Row]:
    summary, begins = str(event.get("SUMMARY", "")).strip()[:200], event.get("DTSTART")
    if begins is None or "RRULE" in event:  # a rule would need the years that it was meant for
        return [(number, "RRULE" if begins else "", None, summary)]
    first = _day(begins.dt, working)
    ends = event.get("DTEND")
    last = _day(ends.dt - timedelta(microseconds=1) if isinstance(ends.dt, datetime) else ends.dt - timedelta(days=1), working) \
        if ends is not None else first
    days = min(max((last - first).days, 0), MOST)
    return [(number, (first + timedelta(days=n)).isoformat(), _kind_of_event(event, summary), summary) for n in range(days + 1)]


def _day(moment: date, working: WorkingCalendar) -> date:
    if isinstance(moment, datetime):
        return (moment.astimezone(working.place) if moment.tzinfo else moment).date()
    return moment


def _kind_of_event(event: Any, summary: str) -> bool | None:
    special = str(event.get("X-APPLE-SPECIAL-DAY", "")).strip().upper()
    if special in _SPECIAL:
        return _SPECIAL[special]
    return next((is_working for mark, is_working in _MARKS if mark in summary.lower()), None)


# ------------------------------------------------------------------ judging
def _years(rows: Sequence[Row]) -> set[int]:
    return {day.year for row in rows if (day := _read(row[1])) is not None}


def _read(text: str) -> date | None:
    """`2026-10-01`, or as Excel in China writes it: `2026/10/1`, `2026年10月1日`."""
    parts = text.replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-").split("-")
    try:
        return date(*(int(part) for part in parts)) if len(parts) == 3 and len(parts[0]) == 4 else date.fromisoformat(text)
    except ValueError:
        return None


def _verdict(row: Row, working: WorkingCalendar, names: Mapping[date, str], today: date, seen: dict[date, int], *,
             is_list: bool) -> Verdict:
    line, text, is_working, name = row
    day = _read(text)
    try:
        if day is None:
            raise InvalidValue("day", field="day", value=text)
        if is_list and day < today:
            return Verdict(line, day.isoformat(), "past", bool(is_working), name)
        return _judged(line, day, is_working, name, (working.is_working(day), names.get(day, "")), today, seen)
    except EngineError as error:
        return Verdict(line, day.isoformat() if day else text, "error", bool(is_working), name, error=error)


def _judged(line: int, day: date, is_working: bool | None, name: str, was: tuple[bool, str],  # noqa: PLR0917, FBT001 - a row
            today: date, seen: dict[date, int]) -> Verdict:
    if day < today:
        raise InvalidValue("day_past", field="day", value=day.isoformat())
    if seen.setdefault(day, line) != line:
        raise InvalidValue("day_twice", field="day", value=day.isoformat(), line=seen[day])
    if is_working is None:
        raise InvalidValue("day_kind", field="kind", value=name)
    what: What = "unchanged" if was == (is_working, name) else "changed"
    return Verdict(line, day.isoformat(), what, is_working, name, was)
