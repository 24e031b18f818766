"""How often each element of a procedure ran, how long people waited and worked, how late it was, and what was done again.

One statement reads the activities, newest first, at most `MOST`; what is counted from them is `aggregate`, which is pure.

- *Waiting* is from the offer of a task to the claim of who did it, or to its completion if nobody claimed it before. *Working*
  is from that claim to the completion, so that tasks completed without a claim have none. *Lasting* is from entering to
  leaving, of every element.
- A percentile is the nearest rank: the smallest value that at least so much of all values do not exceed.
- A task is *late* if it ended after its due date or is open past it; one that is open and not yet due is not counted.
- *Rework*: the element was entered more than once in one run of its procedure (a case, or one call of a called procedure).
  The parallel parts of a multi-instance activity are no rework.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from engine import bundles, canonical
from engine.audit import procedures, working_clock
from engine.audit.working_clock import WorkingClock
from engine.tables import activity_instance, bundle, process_instance, task
from engine.unit_of_work import UnitOfWork

MOST = 100_000
"""So many activities are read; of more, the newest."""
EXAMPLES = 5
Measure = Literal["times", "waiting", "working", "lasting", "late", "rework"]
MEASURES: tuple[Measure, ...] = ("times", "waiting", "working", "lasting", "late", "rework")
LENGTHS = ("waiting", "working", "lasting", "overrun")
_activity, _case = activity_instance.c, process_instance.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which activities: of this process; of cases on this version of it; of this office; started in `[since, until)`."""

    process: str
    version: int | None = None
    office: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Of `count` lengths the median and the 90th percentile, in seconds; None of none."""

    count: int = 0
    median: float | None = None
    ninth: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What is known of one element. Lengths by name of `LENGTHS`, in working time and by the clock.

    `judged` tasks had a due date, `late` of them missed it. In `repeated` of `runs` runs it was entered more than once;
    `repeats` is how often it was entered in a run, on average. `examples`: for a measure the cases to look at first.
    """

    element: str
    type: str
    times: int
    cases: int
    working_time: Mapping[str, Spread]
    clock_time: Mapping[str, Spread]
    judged: int
    late: int
    runs: int
    repeated: int
    repeats: float
    examples: Mapping[str, Sequence["Example"]]

    def value(self, measure: str, *, by_clock: bool = False) -> float | None:
        """What the picture is coloured by: a number, a share, or a median in seconds; None where there is nothing to say."""
        if measure == "times":
            return float(self.times)
        if measure == "late":
            return self.late / self.judged if self.judged else None
        if measure == "rework":
            return self.repeated / self.runs if self.runs else None
        return (self.clock_time if by_clock else self.working_time)[measure].median


@dataclass(frozen=True, slots=True)
class Example:
    """A case where a measure was worst: its length in working time and by the clock, or how often the step was entered in
    one run (`times`); without any, simply one of the newest."""

    case_id: str
    number: str
    working: float | None = None
    by_clock: float | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """All elements that ran, and how often each sequence flow was taken. `looked` activities of `cases` cases were counted;
    `is_partial`: there are more, older ones. `has_calendar`: without one, working time is time by the clock.
    """

    elements: Mapping[str, Figure]
    flows: Mapping[str, int]
    looked: int
    cases: int
    is_partial: bool
    has_calendar: bool


def figures(uow: UnitOfWork, wanted: Wanted, *, most: int = MOST) -> Figures:
    """The figures of one process."""
    rows = uow.rows(_query(uow, wanted, most + 1))
    seen = rows[:most]
    first = min((row.started_at for row in seen), default=uow.now)
    clock = working_clock.laid_out(uow, first, uow.now)
    return aggregate(seen, clock, uow.now, loops=_loops(uow, wanted.process), is_partial=len(rows) > most)


def _query(uow: UnitOfWork, wanted: Wanted, limit: int) -> sa.Select[Any]:
    where = [_activity.process_key == wanted.process]
    if wanted.since:
        where.append(_activity.started_at >= wanted.since)
    if wanted.until:
        where.append(_activity.started_at < wanted.until)
    if wanted.office:
        where.append(_case.office == wanted.office)
    if wanted.version is not None:
        where.append(_case.bundle_id.in_(_bundles(uow, wanted.process, wanted.version)))
    return sa.select(
        _activity.instance_id, _activity.token, _activity.scope, _activity.element, _activity.type, _activity.started_at,
        _activity.ended_at, _activity.flows, _case.business_key, task.c.created_at, task.c.claimed_at, task.c.due_at,
        task.c.state, task.c.ended_at.label("task_ended_at"),
    ).select_from(activity_instance).join(process_instance, _case.id == _activity.instance_id).outerjoin(
        task, task.c.id == _activity.id).where(*where).order_by(_activity.started_at.desc(), _activity.id.desc()).limit(limit)


def _bundles(uow: UnitOfWork, process: str, version: int) -> list[str]:
    """The bundles in which the process has this version."""
    ids = {row.id for row in procedures.versions(uow).get(process, ()) if row.version == version}
    return [row.id for row in uow.rows(sa.select(bundle)) if canonical.loads(row.members)["process"].get(process) in ids]


def _loops(uow: UnitOfWork, process: str) -> set[str]:
    """The elements that are multi-instance in some version."""
    rows = procedures.versions(uow).get(process, ())
    models = (bundles.model(uow, row.sha256, row.resource_name).processes[process] for row in rows)
    return {each.id for model in models for each in model.elements.values() if each.loop is not None}


# ------------------------------------------------------------------ counting
@dataclass(slots=True)
class _Tally:
    """What is gathered of one element."""

    type: str
    times: int = 0
    cases: dict[str, str] = field(default_factory=dict)
    lengths: dict[str, list[tuple[float, float, str]]] = field(default_factory=lambda: {name: [] for name in LENGTHS})
    judged: int = 0
    entries: Counter[tuple[str, int]] = field(default_factory=Counter)
    newest: list[tuple[datetime, str]] = field(default_factory=list)


def aggregate(rows: Iterable[Any], clock: WorkingClock | None, now: datetime, *, loops: Collection[str] = (),
              is_partial: bool = False) -> Figures:
    """Count rows as `figures` reads them, in whatever order they come."""
    seen = list(rows)
    outer = {(row.instance_id, row.token): row for row in seen}
    tallies: dict[str, _Tally] = {}
    taken: Counter[str] = Counter()
    for row in seen:
        tally = tallies.setdefault(row.element, _Tally(row.type))
        _count(tally, row, loops, outer)
        _measure(tally, row, clock, now)
        if row.flows:
            taken[row.flows] += 1
    flows: Counter[str] = Counter()
    for written, number in taken.items():
        flows.update(dict.fromkeys(canonical.loads(written), number))
    elements = {name: _figure(name, tally) for name, tally in sorted(tallies.items())}
    return Figures(elements, dict(sorted(flows.items())), len(seen), len({row.instance_id for row in seen}), is_partial,
                   clock is not None)


def _count(tally: _Tally, row: Any, loops: Collection[str], outer: Mapping[tuple[str, int], Any]) -> None:
    is_part = row.scope == row.token  # one of the parts of a multi-instance activity, whose whole is another row
    if is_part or row.element not in loops:
        tally.times += 1
        tally.cases[row.instance_id] = row.business_key
        tally.newest.append((row.started_at, row.instance_id))
    if not is_part:
        tally.entries[_run(row, outer)] += 1


def _run(row: Any, outer: Mapping[tuple[str, int], Any]) -> tuple[str, int]:
    """The run of the procedure that an activity belongs to, or the part of a multi-instance activity that it is in."""
    while (around := outer.get((row.instance_id, row.scope))) is not None and around is not row:
        if around.scope == around.token:
            break
        row = around
    return (row.instance_id, row.scope)


def _measure(tally: _Tally, row: Any, clock: WorkingClock | None, now: datetime) -> None:
    if row.ended_at is not None:
        _add(tally, "lasting", row, row.started_at, row.ended_at, clock)
    if row.created_at is None:
        return
    if row.claimed_at is not None:
        _add(tally, "waiting", row, row.created_at, row.claimed_at, clock)
    if row.state == "completed" and row.claimed_at < row.task_ended_at:
        _add(tally, "working", row, row.claimed_at, row.task_ended_at, clock)
    if row.due_at is not None and (row.task_ended_at or now > row.due_at):
        tally.judged += 1
        end = row.task_ended_at or now
        if end > row.due_at:
            _add(tally, "overrun", row, row.due_at, end, clock)


def _add(tally: _Tally, name: str, row: Any, begin: datetime, end: datetime, clock: WorkingClock | None) -> None:  # noqa: PLR0917 - one length
    by_clock = (end - begin).total_seconds()
    working = clock.between(begin, end) if clock else by_clock
    tally.lengths[name].append((working, by_clock, row.instance_id))


def _figure(name: str, tally: _Tally) -> Figure:
    working = {each: spread([one[0] for one in found]) for each, found in tally.lengths.items()}
    by_clock = {each: spread([one[1] for one in found]) for each, found in tally.lengths.items()}
    entries = tally.entries
    return Figure(
        name, tally.type, tally.times, len(tally.cases), working, by_clock, tally.judged, len(tally.lengths["overrun"]),
        len(entries), sum(n > 1 for n in entries.values()), sum(entries.values()) / len(entries) if entries else 0.0,
        _examples(tally))


def spread(values: Sequence[float]) -> Spread:
    """Median and 90th percentile by the nearest rank."""
    if not values:
        return Spread()
    ranked = sorted(values)
    return Spread(len(ranked), nearest_rank(ranked, 0.5), nearest_rank(ranked, 0.9))


def nearest_rank(ranked: Sequence[float], share: float) -> float:
    """The value at rank ⌈share · n⌉ of sorted values, from 1."""
    return ranked[max(math.ceil(round(share * len(ranked), 9)), 1) - 1]


def _examples(tally: _Tally) -> dict[str, Sequence[Example]]:
    """For each measure the cases where it was worst, each once."""
    def named(case: str, **told: Any) -> Example:
        return Example(case, tally.cases.get(case, case), **told)

    newest = dict.fromkeys(case for _, case in sorted(tally.newest, reverse=True)[:EXAMPLES * 4])
    repeated: dict[str, int] = {}
    for (case, _), n in sorted(tally.entries.items(), key=lambda each: (-each[1], each[0])):
        if n > 1:
            repeated.setdefault(case, n)
    found = {"times": [named(case) for case in newest], "rework": [named(case, times=n) for case, n in repeated.items()]}
    for measure, lengths in (("waiting", "waiting"), ("working", "working"), ("lasting", "lasting"), ("late", "overrun")):
        worst: dict[str, Example] = {}
        for working, by_clock, case in sorted(tally.lengths[lengths], reverse=True)[:EXAMPLES * 4]:
            worst.setdefault(case, named(case, working=working, by_clock=by_clock))
        found[measure] = list(worst.values())
    return {name: cases[:EXAMPLES] for name, cases in found.items()}


def cases_by_process(uow: UnitOfWork) -> dict[str, int]:
    """Process key → how many cases began with it."""
    query = sa.select(_case.process_key, sa.func.count().label("n")).group_by(_case.process_key)
    return {row.process_key: row.n for row in uow.rows(query)}
