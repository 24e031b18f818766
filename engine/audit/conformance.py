"""Conformance: where cases deviated from the procedure in effect now, with what was written to justify it, and how often.

The newest `MOST` cases that were started in the period are judged whole. A rate is deviating executions ÷ executions, an
execution being an activity (a task, or the call of a procedure) that carries a clause and was begun.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine import bundles, calendars, canonical, migration
from engine.audit import deviations, procedures
from engine.audit.deviations import BY_HAND, Deviation, Past
from engine.audit.roles import Memberships
from engine.bundles import Bundle
from engine.diagram.model import Process
from engine.diagram.token_game import Fit, Trace, could_produce, numbered, traces
from engine.errors import EngineError
from engine.tables import activity_instance, comment, history_body, history_event, process_instance, task
from engine.unit_of_work import UnitOfWork

MOST = 1_000
"""So many cases are judged; of more, the newest."""
AT_ONCE = 200
MOVED = frozenset({"send_back", "migrate"})
"""Commands after which the order of a case is people's doing: it is a deviation already, and no diagram has it."""
_case = process_instance.c
_CASE = (_case.id, _case.business_key, _case.process_key, _case.office, _case.status, _case.started_at, _case.ended_at,
         _case.bundle_id)
Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Cases of this process (all: ""), of this office, started in `[since, until)`. `by_own`: judged by the version that
    each ran on, not by the one in effect."""

    process: str = ""
    office: str = ""
    since: datetime | None = None
    until: datetime | None = None
    by_own: bool = False


@dataclass(slots=True)
class Rate:
    """Of `executions`, so many deviated."""

    executions: int = 0
    deviating: int = 0

    @property
    def share(self) -> float | None:
        """None where nothing was executed."""
        return self.deviating / self.executions if self.executions else None


@dataclass(slots=True)
class Conformance:
    """Of the cases `looked` at, all deviations, newest first, and rates by clause (without its note), office, month
    (`2026-03`) and `(clause, month)`. `led`: cases whose order was not judged, as people moved them; `unsure`: cases with too
    many ways to tell; `total` counts an execution once, whatever its clauses."""

    looked: int
    is_partial: bool
    deviations: Sequence[Deviation] = ()
    led: int = 0
    unsure: int = 0
    total: Rate = field(default_factory=Rate)
    by_clause: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    by_office: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    by_month: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    by_cell: dict[Cell, Rate] = field(default_factory=lambda: defaultdict(Rate))


def conformance(uow: UnitOfWork, wanted: Wanted, *, most: int = MOST) -> Conformance:
    """Judge the cases."""
    cases = uow.rows(_cases(wanted).limit(most + 1))
    found = Conformance(len(cases[:most]), len(cases) > most)
    judge = _Judge(uow, wanted, found)
    told: list[Deviation] = []
    for start in range(0, found.looked, AT_ONCE):
        for past in judge.pasts(cases[start:min(start + AT_ONCE, most)]):
            mine = list(judge.of(past))
            told += mine
            _rate(found, past, mine)
    found.deviations = sorted(told, key=lambda each: each.key)
    return found


def _cases(wanted: Wanted) -> sa.Select[Any]:
    query = sa.select(*_CASE).order_by(_case.started_at.desc(), _case.id.desc())
    if wanted.process:
        query = query.where(_case.process_key == wanted.process)
    if wanted.office:
        query = query.where(_case.office == wanted.office)
    if wanted.since:
        query = query.where(_case.started_at >= wanted.since)
    return query.where(_case.started_at < wanted.until) if wanted.until else query


def _rate(found: Conformance, past: Past, mine: Sequence[Deviation]) -> None:
    """Count the executions of a case, and which of them deviated."""
    deviating = {each.activity for each in mine}
    for row in past.visits:
        element = past.element(row.process_key, row.element)
        if element is None or row.type not in procedures.ACTIVITIES or (element.loop and row.scope != row.token):
            continue  # a multi-instance activity counts by its parts
        clauses = {procedures.number(each) for each in procedures.clauses(element)}
        if not clauses:
            continue
        month = month_of(row.started_at)
        counted = [found.total, found.by_office[past.case.office], found.by_month[month]]
        counted += [rate for clause in clauses for rate in (found.by_clause[clause], found.by_cell[clause, month])]
        for rate in counted:
            rate.executions += 1
            rate.deviating += row.id in deviating


def month_of(at: datetime) -> str:
    """The month of a moment where the company is, such as `2026-03`."""
    return at.astimezone(ZoneInfo(calendars.ZONE)).strftime("%Y-%m")


class _Judge:
    """Reads what cases left behind, so many at once, and finds the deviations of each."""

    def __init__(self, uow: UnitOfWork, wanted: Wanted, found: Conformance) -> None:
        self.uow, self.wanted, self.found = uow, wanted, found
        self.in_effect = procedures.in_effect(uow)
        self.processes = {key: each.process for key, each in self.in_effect.items()}
        self.fits = _Fits(uow, self.in_effect)
        self.memberships = Memberships(uow, [])

    def pasts(self, cases: Sequence[Any]) -> Iterator[Past]:
        """What these cases left behind."""
        ids = [row.id for row in cases]
        visits = self._by_case(sa.select(activity_instance).where(activity_instance.c.instance_id.in_(ids)).order_by(
            activity_instance.c.instance_id, activity_instance.c.seq))
        tasks = self._by_case(sa.select(task).where(task.c.instance_id.in_(ids)).order_by(task.c.instance_id, task.c.token))
        events = self._by_case(_events(ids))
        deeds = self._by_case(_deeds(ids))
        comments = self._comments(ids)
        people = {user for rows in tasks.values() for row in rows for user in (row.completed_by, row.completed_for) if user}
        self.memberships = Memberships(self.uow, sorted(people))
        for row in cases:
            own = bundles.load(self.uow, row.bundle_id).processes
            yield Past(row, own if self.wanted.by_own else self.processes, own, visits[row.id], tasks[row.id], events[row.id],
                       [(each, canonical.loads(each.body) if each.body else {}) for each in deeds[row.id]], comments[row.id])

    def of(self, past: Past) -> Iterator[Deviation]:
        """The deviations of a case, each once."""
        yield from deviations.by_hand(past)
        yield from deviations.late(past, self.uow.now)
        yield from deviations.wrong_role(past, self.memberships)
        yield from self._out_of_order(past)

    def _out_of_order(self, past: Past) -> Iterator[Deviation]:
        if any(event.command in MOVED for event, _ in past.deeds):
            self.found.led += 1
            return
        is_sure = True
        for trace in traces(past.visits):
            whole = Trace(trace.process, trace.steps, trace.has_ended and past.case.status == "completed")
            fit = self.fits.of(past, numbered(whole), by_own=self.wanted.by_own)
            is_sure = is_sure and fit.is_possible is not None
            if fit.is_possible is False:
                yield _misfit(past, whole, fit)
        self.found.unsure += not is_sure

    def _by_case(self, query: sa.Select[Any]) -> Mapping[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for row in self.uow.rows(query):
            found[row.instance_id].append(row)
        return found

    def _comments(self, ids: Iterable[str]) -> Mapping[str, dict[str, str]]:
        """Case → task → the newest comment at it."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        query = sa.select(comment).where(comment.c.instance_id.in_(ids), comment.c.task_id.is_not(None))
        for row in self.uow.rows(query.order_by(comment.c.written_at, comment.c.id)):
            found[row.instance_id][row.task_id] = row.text
        return found


def _events(ids: Sequence[str]) -> sa.Select[Any]:
    event = history_event.c
    return sa.select(event.instance_id, event.seq, event.at, event.command, event.element).where(
        event.instance_id.in_(ids)).order_by(event.instance_id, event.seq)


def _deeds(ids: Sequence[str]) -> sa.Select[Any]:
    event, body = history_event.c, history_body.c
    joined = sa.and_(body.instance_id == event.instance_id, body.seq == event.seq)
    return sa.select(history_event, body.body).outerjoin(history_body, joined).where(
        event.instance_id.in_(ids), event.command.in_(BY_HAND)).order_by(event.instance_id, event.seq)


def _misfit(past: Past, trace: Trace, fit: Fit) -> Deviation:
    """The first step that does not fit; that the case ended too early, if all do."""
    number = fit.at if fit.at is not None and fit.at < len(trace.steps) else None
    if number is None:
        return past.deviation("out_of_order", trace.process, None, at=past.case.ended_at or past.case.started_at, who=None,
                              detail={"is_unfinished": True})
    step = trace.steps[number]
    visit = next(row for row in past.visits if row.process_key == trace.process and row.element == step.element
                 and row.ended_at == step.moment and row.end_state == "left")
    return past.deviation("out_of_order", trace.process, step.element, at=visit.ended_at, who=visit.actor, activity=visit.id,
                          seq=past.seq(visit.ended_at, visit.element))


class _Fits:
    """Whether a process could have produced a trace; what was done in the same order is replayed once."""

    def __init__(self, uow: UnitOfWork, in_effect: Mapping[str, procedures.InEffect]) -> None:
        self.uow, self.in_effect = uow, in_effect
        self.known: dict[tuple[str, str, Trace], Fit] = {}
        self.targets: dict[str, Bundle | None] = {}
        self.renamed: dict[tuple[str, str], Mapping[str, Mapping[str, str | None]]] = {}

    def of(self, past: Past, trace: Trace, *, by_own: bool) -> Fit:
        """Whether it fits; a process that is no longer in effect tells nothing."""
        process: Process | None = (past.own if by_own else past.judged).get(trace.process)
        if process is None:
            return Fit(None)
        key = (past.case.bundle_id, "own" if by_own else "", trace)
        if key not in self.known:
            renamed = {} if by_own else self._renamed(past.case).get(trace.process, {})
            kept = {old: new for old, new in renamed.items() if new is not None and old != new}
            self.known[key] = could_produce(process, trace, renamed=kept)
        return self.known[key]

    def _renamed(self, case: Any) -> Mapping[str, Mapping[str, str | None]]:
        """What a move to the procedure in effect would rename."""
        target = self._target(case.process_key)
        if target is None or target.id == case.bundle_id:
            return {}
        known = (case.bundle_id, case.process_key)
        if known not in self.renamed:
            self.renamed[known] = migration.propose(bundles.load(self.uow, case.bundle_id), target)
        return self.renamed[known]

    def _target(self, root: str) -> Bundle | None:
        if root not in self.targets:
            try:
                self.targets[root] = bundles.would_start(self.uow, self.in_effect[root].row) if root in self.in_effect else None
            except EngineError:  # something that it calls has been withdrawn
                self.targets[root] = None
        return self.targets[root]
