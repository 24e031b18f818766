"""Working time between very many moments: the calendar laid out once, then two look-ups for each pair.

The same as `calendar.working_between`, which walks from day to day.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import accumulate

from engine import calendars
from engine.calendar import WorkingCalendar
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork


class WorkingClock:
    """Seconds of working time since `first`; good between `first` and `last`."""

    def __init__(self, calendar: WorkingCalendar, first: datetime, last: datetime) -> None:
        begin, end = (moment.astimezone(calendar.place).date() for moment in (first, last))
        days = (begin + timedelta(days=n) for n in range((end - begin).days + 1))
        spans = [(since.timestamp(), until.timestamp()) for day in days for since, until in calendar.spans(day)]
        self._begins = [since for since, _ in spans]
        self._lengths = [until - since for since, until in spans]
        self._before = list(accumulate(self._lengths, initial=0.0))

    def at(self, moment: datetime) -> float:
        """The working seconds before a moment."""
        stamp = moment.timestamp()
        place = bisect_right(self._begins, stamp) - 1
        if place < 0:
            return 0.0
        return self._before[place] + min(stamp - self._begins[place], self._lengths[place])

    def between(self, begin: datetime, end: datetime) -> float:
        """The working seconds from `begin` to `end`."""
        return self.at(end) - self.at(begin)


def laid_out(uow: UnitOfWork, first: datetime, last: datetime) -> WorkingClock | None:
    """The default calendar between two moments; None where no calendar is kept."""
    try:
        return WorkingClock(calendars.load(uow), first, last)
    except NotFound:
        return None
