"""ISO 8601 durations, dates and cycles as BPMN timers write them (BPMN 2.0 §10.5.5.14), within the limits of engine-traps §2.5.

Our own reading: libraries take `P`, a negative or an Arabic digit in silence. Fractions, cron and mixed weeks are refused.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.errors import InvalidValue

ZONE = "Asia/Shanghai"
YEARS = range(1970, 2201)
"""Years that a date may be of."""
MAX_YEARS = 10
MIN_SECONDS = 60
MAX_REPEATS = 1_000
_DAYS_A_YEAR = 366

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,9})W|(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,9})M)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9})S)?)?)", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
_REPEAT = re.compile(r"R(\d{0,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar `months` and `days`, and `seconds` of the clock: a day is not always 24 hours."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def times(self, count: int) -> "Duration":
        """This duration `count` times over."""
        return Duration(self.months * count, self.days * count, self.seconds * count)


@dataclass(frozen=True, slots=True)
class Cycle:
    """`R[repeats]/[start/]duration[/end]`. `repeats` is the number of firings, None for no end."""

    repeats: int | None
    start: datetime | None
    duration: Duration
    end: datetime | None


def parse_duration(text: str) -> Duration:
    """An ISO 8601 duration of 1 minute to 10 years. Raises `InvalidValue` (`value`)."""
    match = _DURATION.fullmatch(text.strip())
    parts = {name: int(found) for name, found in match.groupdict().items() if found} if match else {}
    if not parts:
        raise InvalidValue("duration_malformed", value=text)
    duration = Duration(
        months=parts.get("years", 0) * 12 + parts.get("months", 0),
        days=parts.get("weeks", 0) * 7 + parts.get("days", 0),
        seconds=parts.get("hours", 0) * 3600 + parts.get("minutes", 0) * 60 + parts.get("seconds", 0))
    about = duration.months / 12 * _DAYS_A_YEAR + duration.days + duration.seconds / 86_400
    if about > MAX_YEARS * _DAYS_A_YEAR:
        raise InvalidValue("duration_too_long", value=text, limit=f"P{MAX_YEARS}Y")
    if about * 86_400 < MIN_SECONDS:
        raise InvalidValue("duration_too_short", value=text, limit="PT1M")
    return duration


def parse_date(text: str, zone: str = ZONE) -> datetime:
    """An ISO 8601 date and time as aware UTC; without an offset it is local in `zone`, a date alone is its midnight.

    A local time that the clock skips moves on by the gap; one that comes twice is the first. Raises `InvalidValue`.
    """
    match = _DATE.fullmatch(text.strip())
    if not match:
        raise InvalidValue("date_malformed", value=text)
    day, clock, offset = match.groups()
    try:
        found = datetime.fromisoformat(f"{day}T{clock or '00:00'}{offset or ''}")
    except ValueError:
        raise InvalidValue("date_malformed", value=text) from None
    if found.year not in YEARS:
        raise InvalidValue("date_out_of_range", value=text, limit="1970–2200")
    return found.astimezone(UTC) if offset else instant(found, ZoneInfo(zone))


def parse_cycle(text: str, zone: str = ZONE) -> Cycle:
    """`R3/PT1H`, `R/2026-01-25T09:00:00+08:00/P1M`, `R/P1D/2027-01-01T00:00:00Z`. Raises `InvalidValue`; cron is refused."""
    first, *rest = text.strip().split("/")
    match = _REPEAT.fullmatch(first)
    if not match or not 1 <= len(rest) <= 2:
        raise InvalidValue("cycle_malformed", value=text)
    repeats = int(match[1]) if match[1] else None
    if repeats is not None and not 1 <= repeats <= MAX_REPEATS:
        raise InvalidValue("cycle_repeats", value=text, limit=f"1–{MAX_REPEATS}")
    if len(rest) == 1:
        return Cycle(repeats, None, parse_duration(rest[0]), None)
    if rest[0].startswith("P"):
        return Cycle(repeats, None, parse_duration(rest[0]), parse_date(rest[1], zone))
    return Cycle(repeats, parse_date(rest[0], zone), parse_duration(rest[1]), None)


def add(start: datetime, duration: Duration, zone: str = ZONE) -> datetime:
    """By the clock: months (31 January + P1M is the last of February) and days at the same local time, then the seconds."""
    place = ZoneInfo(zone)
    if duration.months or duration.days:
        local = start.astimezone(place).replace(tzinfo=None)
        start = instant(_add_months(local, duration.months) + timedelta(days=duration.days), place)
    return start.astimezone(UTC) + timedelta(seconds=duration.seconds)  # with a zone Python would add to the clock's face


def instant(local: datetime, place: ZoneInfo) -> datetime:
    """The moment of a naive local time: a skipped one moves on by the gap, a doubled one is the first (PEP 495, fold 0)."""
    return local.replace(tzinfo=place, fold=0).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that is too short. `OverflowError` outside the calendar."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9998:
        raise OverflowError(year)
    return date(year, month + 1, min(day.day, _last_day(year, month + 1)))


def _add_months(local: datetime, months: int) -> datetime:
    return datetime.combine(add_months(local.date(), months), local.time())


def _last_day(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day
