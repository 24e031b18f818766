"""When which case of the demonstration year is opened, by whom, and what its story is."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.calendar import WorkingCalendar, add_working
from handlers.days import CHINA, day_of
from handlers.machines import Machine
from web.demo.answers import Story
from web.demo.wordings import FAULTS

SEASONS = (1.0, 0.7, 1.0, 1.0, 1.0, 1.3, 1.5, 1.4, 1.0, 0.9, 1.1, 1.4)
"""Cases by month, January first: thunderstorms in summer, accounts closed at the year's end, little at Spring Festival."""
GROWTH = 0.4  # as much more at the end of the year than at its begin
LAST_WEEKS, RUSH = timedelta(days=16), 2.8
SHARES = {"in_warranty": 52, "out_of_warranty": 24, "complaint": 11, "product_return": 8, "customer_opinion": 5}
OFFICES = {"changsha": 9, "guangzhou": 7, "yueyang": 5, "wulumuqi": 4, "head": 2}
STARTERS: Mapping[str, Sequence[str]] = {  # who takes the call: the office's own by role, `@` stands for the office
    "in_warranty": ("lead.@", "lead.@", "sales.@", "engineer.@", "clerk"), "out_of_warranty": ("lead.@", "engineer.@", "sales.@"),
    "complaint": ("lead.@", "sales.@", "engineer.@", "clerk"), "product_return": ("sales.@",), "customer_opinion": ("sales.@",
        "clerk", "lead.@"),
}
FEEDBACK_DAY = 25  # 5.1.8
SURVEYS = ((0.35, "mailing", "上半年用户满意度调查"), (0.955, "touring", "下半年巡回服务满意度调查"))
SURVEY_RUNS = timedelta(days=24)
FORMS = 40


@dataclass(frozen=True, slots=True)
class Arrival:
    """A case to be opened `at` by `starter` in `office`."""

    at: datetime
    process: str
    starter: str
    office: str
    story: Story


def planned(begin: datetime, until: datetime, *, cases: int, machines: Sequence[Machine], regions: Mapping[str, str],
            calendar: WorkingCalendar, dice: random.Random) -> list[Arrival]:
    """About `cases` arrivals between `begin` and `until`, in order, besides the monthly feedback that a timer starts."""
    desk = _Desk(machines, regions, dice)
    found = [desk.arrival(at) for at in _moments(begin, until, cases, calendar, dice)]
    found += _surveys(begin, until, machines, calendar, dice)
    return sorted(found, key=lambda each: each.at)


def feedback_days(begin: datetime, until: datetime, calendar: WorkingCalendar) -> Iterator[datetime]:
    """The 25th of every month, or the working day before, at 9:30: when the clerk sees that no timer has begun the month."""
    day = day_of(begin)
    while day <= day_of(until):
        if day.day == FEEDBACK_DAY:
            worked = day
            while not calendar.is_working(worked):
                worked -= timedelta(days=1)
            at = datetime(worked.year, worked.month, worked.day, 9, 30, tzinfo=CHINA)
            if begin < at < until:
                yield at
        day += timedelta(days=1)


def _moments(begin: datetime, until: datetime, cases: int, calendar: WorkingCalendar, dice: random.Random) -> list[datetime]:
    """Moments in working time, as many as asked, thick where the season is."""
    days = [begin + timedelta(days=n) for n in range((until - begin).days + 1)]
    worked = [day for day in days if calendar.is_working(day_of(day))] or days
    weights = [_weight(day, begin, until) for day in worked]
    found = []
    for day in dice.choices(worked, weights, k=cases):
        opening = day.astimezone(CHINA).replace(hour=8, minute=30, second=0, microsecond=0)
        at = add_working(opening, timedelta(seconds=dice.randrange(60, 8 * 3600 - 60)), calendar)
        if begin < at < until:
            found.append(at)
    return found


def _weight(day: datetime, begin: datetime, until: datetime) -> float:
    grown = 1 + GROWTH * ((day - begin) / (until - begin))
    return SEASONS[day_of(day).month - 1] * grown * (RUSH if until - day < LAST_WEEKS else 1)


def _surveys(begin: datetime, until: datetime, machines: Sequence[Machine], calendar: WorkingCalendar,
             dice: random.Random) -> Iterator[Arrival]:
    """1 to 2 surveys a year (5.1.17 n3): one that is over, one that is going on."""
    organisations = sorted({machine.customer for machine in machines})
    for share, kind, name in SURVEYS:
        at = add_working(begin + share * (until - begin), timedelta(minutes=40), calendar)
        closing = day_of(at + SURVEY_RUNS)
        facts = {"survey_kind": kind, "survey_name": name, "closing_date": closing.isoformat(), "handed_out": FORMS,
                 "forms_returned": dice.randrange(35, 39), "organisations": organisations}
        yield Arrival(at, "satisfaction_survey", "clerk", "head", Story(facts))


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where calls come in: a customer of some office with a machine that was already made on that day."""

    machines: Sequence[Machine]
    regions: Mapping[str, str]
    dice: random.Random

    def arrival(self, at: datetime) -> Arrival:
        """One case that is opened then."""
        process = self.dice.choices(list(SHARES), list(SHARES.values()))[0]
        office = self.dice.choices(list(OFFICES), list(OFFICES.values()))[0]
        machine = self._machine(office, day_of(at), process)
        starter = self.dice.choice(STARTERS[process]).replace("@", office)
        return Arrival(at, process, starter, office, self._story(machine, process))

    def _machine(self, office: str, day: date, process: str) -> Machine:
        here = [each for each in self.machines if each.office == office] or list(self.machines)
        made = [each for each in here if each.production_date is None or each.production_date < day] or here
        if process not in ("in_warranty", "out_of_warranty"):
            return self.dice.choice(made)
        wanted = process == "in_warranty"
        fits = [each for each in made if each.warranty.is_within(day) is not (not wanted)]
        return self.dice.choice(fits or made)

    def _story(self, machine: Machine, process: str) -> Story:
        fault = self.dice.choice([each for each in FAULTS if machine.product_id in each.products])
        facts: dict[str, Any] = {
            "serial_number": machine.serial, "product": machine.product_id, "customer": machine.customer,
            "contact": machine.contact or "设备科", "phone": machine.phone or "0731-8840000", "address": machine.address or "",
            "region": self.regions.get(machine.customer, "same_city"), "reported_fault": fault.reported,
            "made": machine.production_date,
        }
        if process == "product_return":
            facts |= self.dice.choice(({"return_condition": "a", "is_unopened": "yes"}, {"return_condition": "b",
                "is_unopened": "no"}))
        return Story(facts, fault)
