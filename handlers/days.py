"""Days as the company counts them: dates in China, and the monthly batch that runs from the 26th to the 25th (5.1.8)."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
LAST_DAY_OF_BATCH = 25


def day_of(at: datetime) -> date:
    """The date in China at an aware time."""
    return at.astimezone(CHINA).date()


def end_of(day: date) -> datetime:
    """The moment when `day` is over in China, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the month's last day where there is no such day.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def batch_of(day: date) -> str:
    """The month, YYYY-MM, whose batch a repair order signed on `day` belongs to.

    >>> batch_of(date(2026, 12, 26)), batch_of(date(2026, 12, 25))
    ('2027-01', '2026-12')
    """
    counted = add_months(day, 1) if day.day > LAST_DAY_OF_BATCH else day
    return f"{counted:%Y-%m}"
