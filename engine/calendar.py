"""Working time: calendars of working days and hours, and when a timer's text is due. Pure.

A timer counts by the clock, unless its property `calendar` names a working calendar: then hours are working hours and days
are working days (the same clock time that many working days later); months and years are refused there.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from engine.durations import Cycle, Duration, add, instant, parse_cycle, parse_date, parse_duration
from engine.errors import InvalidValue

__all__ = ["Cycle", "Duration", "WorkingCalendar", "add_working", "due_at", "last_known_day", "missed", "next_due", "parse_cycle",
           "parse_date", "parse_duration", "seed_days", "working_between"]

_SEARCH_DAYS = 366 * 12
_FAR = 2**27  # rounds of a minute in 255 years


Spans = tuple[tuple[time, time], ...]
Written = Sequence[Sequence[str]]
"""Spans of a day as text: `[["08:30", "12:00"], …]`."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Hours of a working day (local, in `timezone`), and the days that differ from Monday to Friday.

    `by_weekday`: hours of their own of ISO weekdays (1 is Monday); none at all means that the weekday is free.
    """

    hours: Spans
    days: Mapping[date, bool]
    timezone: str
    revision: int
    by_weekday: Mapping[int, Spans] = field(default_factory=dict)

    @staticmethod
    def from_rows(hours: Written | Mapping[str, Any], days: Mapping[date, bool], timezone: str,
                  revision: int) -> "WorkingCalendar":
        """From the database: hours as `[["08:30", "12:00"], …]`, or with weekdays of their own as
        `{"every": [["08:30", "12:00"], …], "weekdays": {"6": [["09:00", "12:00"]], "5": []}}`; day → is it worked.

        Raises `InvalidValue` where hours overlap, `ValueError` where they are no times.
        """
        every, own = (hours["every"], hours["weekdays"]) if isinstance(hours, Mapping) else (hours, {})
        if not every or any(weekday not in "1234567" for weekday in own):
            raise InvalidValue("calendar_hours", value=str(hours))
        return WorkingCalendar(_read(every), dict(days), timezone, revision,
                               {int(weekday): _read(spans) for weekday, spans in own.items()})

    def with_days(self, changed: Mapping[date, bool]) -> "WorkingCalendar":
        """The calendar as it would be with these days changed: its next revision."""
        return replace(self, days={**self.days, **changed}, revision=self.revision + 1)

    @property
    def place(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    def is_working(self, day: date) -> bool:
        """Whether the day is worked: as its row says, else as its weekday has hours, else Monday to Friday."""
        own = self.by_weekday.get(day.isoweekday())
        return self.days.get(day, day.weekday() < 5 if own is None else bool(own))

    def hours_of(self, day: date) -> Spans:
        """The hours of a day that is worked. A make-up day stands for an ordinary one: on a weekend, or on a weekday that is
        free otherwise, it has the hours of every working day.
        """
        own = self.by_weekday.get(day.isoweekday())
        is_made_up = day.weekday() >= 5 and self.days.get(day, False)
        return own if own and not is_made_up else self.hours

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The day's working time as moments in UTC; none on a free day."""
        if not self.is_working(day):
            return []
        return [(instant(datetime.combine(day, begin), self.place), instant(datetime.combine(day, end), self.place))
                for begin, end in self.hours_of(day)]


def _read(written: Written) -> Spans:
    spans = tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in written)
    edges = [edge for span in spans for edge in span]
    if any(one >= other for one, other in itertools.pairwise(edges)):
        raise InvalidValue("calendar_hours", value=", ".join("–".join(span) for span in written))
    return spans


def add_working(start: datetime, duration: timedelta, calendar: WorkingCalendar) -> datetime:
    """The moment when that much working time has passed since `start` (at the end of a span, not the next one's begin)."""
    if duration < timedelta(0):
        raise InvalidValue("duration_negative", value=str(duration))
    left, start = duration, start.astimezone(UTC)
    for begin, end in _spans_from(start, calendar):
        since = max(begin, start)
        if end > since and left <= end - since:
            return since + left
        left -= max(end - since, timedelta(0))
    raise InvalidValue("calendar_without_working_time", value=str(duration))


def working_between(begin: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """The working time from `begin` to `end`; negative if `end` is earlier."""
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    if end < begin:
        return -working_between(end, begin, calendar)
    first, last = (moment.astimezone(calendar.place).date() for moment in (begin, end))
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    overlaps = (min(till, end) - max(since, begin) for day in days for since, till in calendar.spans(day))
    return sum((overlap for overlap in overlaps if overlap > timedelta(0)), timedelta(0))


def add_working_days(start: datetime, days: int, calendar: WorkingCalendar) -> datetime:
    """The same local clock time, `days` working days later (Friday + 1 is Monday, Saturday + 1 is Monday)."""
    local = start.astimezone(calendar.place).replace(tzinfo=None)
    day = local.date()
    for _ in range(_SEARCH_DAYS):
        if days == 0:
            return instant(datetime.combine(day, local.time()), calendar.place)
        day += timedelta(days=1)
        days -= calendar.is_working(day)
    raise InvalidValue("calendar_without_working_time", value=f"P{days}D")


def last_known_day(calendar: WorkingCalendar) -> date | None:
    """Until when the calendar is reliable: the end of the last year with a make-up workday, as those are announced yearly.

    None if no year has one. Deadlines beyond it count holidays that may still be moved.
    """
    announced = [day.year for day, is_working in calendar.days.items() if is_working and day.weekday() >= 5]
    return date(max(announced), 12, 31) if announced else None


def due_at(kind: str, text: str, now: datetime, calendar: WorkingCalendar | None, properties: Mapping[str, str]) -> datetime:
    """When a `date`, a `duration` (from `now`) or the first round of a `cycle` is due, as aware UTC. Raises `InvalidValue`."""
    if kind == "cycle":
        due = next_due(text, None, now, calendar, properties)
        if due is None:
            raise InvalidValue("cycle_over", value=text)
        return due
    if kind == "duration":
        return _rolled(_adder(now, parse_duration(text), calendar, properties)(1), calendar, properties)
    return _rolled(parse_date(text), calendar, properties)


def next_due(text: str, last: datetime | None, now: datetime, calendar: WorkingCalendar | None, properties: Mapping[str, str],
             *, fired: int = 0) -> datetime | None:
    """The first round of a cycle after `last` (None: nothing fired yet) that is not past; None when the cycle is over.

    Rounds missed before `now` collapse into the one that just fired: `missed` counts them. `fired` is how many rounds of a
    cycle without a start are over, missed ones included; one with a start counts its rounds from there.
    """
    cycle = parse_cycle(text)
    round_at = _rounds(cycle, last, now, calendar, properties)
    after = now if last is None else max(last, now)
    is_first = cycle.start is not None and last is None
    number = _first_round(lambda n: round_at(n) >= after if is_first else round_at(n) > after)
    if number is None or (cycle.repeats is not None and _spent(cycle, number, fired) > cycle.repeats):
        return None
    due = round_at(number)
    return None if cycle.end is not None and due > cycle.end else due


def missed(text: str, due: datetime, now: datetime, calendar: WorkingCalendar | None, properties: Mapping[str, str]) -> int:
    """How many rounds after the one due at `due` were due by `now` as well: one firing stands for them all."""
    cycle = parse_cycle(text)
    round_at = _rounds(cycle, due, now, calendar, properties)
    until = max(due, now if cycle.end is None else min(now, cycle.end))
    first, following = _first_round(lambda n: round_at(n) > due), _first_round(lambda n: round_at(n) > until)
    if first is None or following is None:
        return 0
    last = following if cycle.repeats is None else min(following, cycle.repeats - (0 if cycle.start else 1))
    return max(0, last - first)


def seed_days(first_year: int, last_year: int) -> Iterator[dict[str, Any]]:
    """Rows of `calendar_day` (without the calendar's id): China's public holidays and make-up workdays of these years."""
    china = holidays.country_holidays("CN", years=range(first_year, last_year + 1), language="zh_CN")
    rows: dict[date, dict[str, Any]] = {
        day: {"day": day, "is_working": False, "name": name, "source": "holidays"} for day, name in china.items()}
    for day in china.weekend_workdays:
        if first_year <= day.year <= last_year:
            rows[day] = {"day": day, "is_working": True, "name": "调休上班", "source": "holidays"}
    yield from (rows[day] for day in sorted(rows))


# ------------------------------------------------------------------ inside


def _spans_from(start: datetime, calendar: WorkingCalendar) -> Iterator[tuple[datetime, datetime]]:
    day = start.astimezone(calendar.place).date()
    for n in range(_SEARCH_DAYS):
        yield from calendar.spans(day + timedelta(days=n))


def _adder(anchor: datetime, duration: Duration, calendar: WorkingCalendar | None,
           properties: Mapping[str, str]) -> Callable[[int], datetime]:
    """`n` → the anchor and `n` times the duration, in working time where the property `calendar` says so."""
    if calendar is None or not properties.get("calendar"):
        return lambda n: add(anchor, duration.times(n), calendar.timezone if calendar else "Asia/Shanghai")
    if duration.months:
        raise InvalidValue("months_in_working_time", value=f"P{duration.months}M")

    def working(n: int) -> datetime:
        whole = duration.times(n)
        on_day = add_working_days(anchor, whole.days, calendar)
        return add_working(on_day, timedelta(seconds=whole.seconds), calendar) if whole.seconds else on_day

    return working


def _rounds(cycle: Cycle, last: datetime | None, now: datetime, calendar: WorkingCalendar | None,
            properties: Mapping[str, str]) -> Callable[[int], datetime]:
    """Round number → when it is due. A cycle with a start counts from it, so that the 31st does not become the 28th."""
    if cycle.start is None and properties.get("roll"):
        raise InvalidValue("roll_without_start", value="R/…")
    at = _adder(cycle.start or last or now, cycle.duration, calendar, properties)
    offset = 0 if cycle.start else 1
    return lambda n: _rolled(at(n + offset), calendar, properties)


def _first_round(fits: Callable[[int], bool]) -> int | None:
    """The first round that fits, as rounds only grow; None if it would lie beyond the calendar of Python or ours."""

    def reached(n: int) -> bool:
        try:
            return fits(n)
        except (OverflowError, InvalidValue):
            return True

    low, high = 0, 1
    while not reached(high) and high < _FAR:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    try:
        return low if fits(low) else None
    except OverflowError:
        return None


def _spent(cycle: Cycle, number: int, fired: int) -> int:
    return number + 1 if cycle.start is not None else fired + 1


def _rolled(due: datetime, calendar: WorkingCalendar | None, properties: Mapping[str, str]) -> datetime:
    """With the property `roll` = `before`, a free day gives way to the working day before it, at the same clock time."""
    if properties.get("roll") != "before" or calendar is None:
        return due
    local = due.astimezone(calendar.place).replace(tzinfo=None)
    for _ in range(_SEARCH_DAYS):
        if calendar.is_working(local.date()):
            return instant(local, calendar.place).astimezone(UTC)
        local -= timedelta(days=1)
    raise InvalidValue("calendar_without_working_time", value=due.isoformat())
