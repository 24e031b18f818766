"""What a draft would mean for cases: which open ones could move to it, and which of last year's it could still have produced.

Both look at the newest so many and say of how many. Nothing is written.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, migration
from engine.bundles import Bundle
from engine.diagram.deployment import Deployment
from engine.diagram.model import Element, Process
from engine.diagram.token_game import Fit, Trace, could_produce, numbered, traces
from engine.errors import EngineError
from engine.modeling import drafts
from engine.tables import activity_instance, bundle, history_event, process_instance
from engine.unit_of_work import UnitOfWork

LOOKED = 500
"""So many cases are looked at unless more is asked for."""
SHOWN = 10
"""So many cases are named for each reason."""
COUNTED = 10_000
YEAR = timedelta(days=365)
BY_HAND = ("send_back", "skip", "migrate")
"""Commands of the record after which a case fits no diagram: people took it another way."""
Row = sa.Row[Any]
_case = process_instance.c


@dataclass(slots=True)
class Group:
    """Cases of one process with which the same is wrong: `code` a reason of `migration.examine`, or `parts` (the diagram does
    not lead to `element`), `not_over` (it would still run), `not_called` (the process `element` is not called any more)."""

    process: Process
    code: str
    element: Element | str | None
    count: int = 0
    cases: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Count a case; the first are named."""
        self.count += 1
        if len(self.cases) < SHOWN:
            self.cases.append(row)


@dataclass(frozen=True, slots=True)
class OpenCases:
    """Of `total` open cases `looked` were tried: `movable` can move (`rescheduled` of them with other timers), `refused` not.

    `troubles`: processes whose cases cannot be looked at, with why.
    """

    total: int
    looked: int
    movable: int
    rescheduled: int
    refused: Sequence[Group]
    troubles: Mapping[str, EngineError]


@dataclass(frozen=True, slots=True)
class FinishedCases:
    """Of `total` cases that ended within a year (`COUNTED` at most) `looked` were replayed: `possible` fit the new diagrams,
    `misfits` do not, `unsure` has too many ways to tell; `apart` has those that people led (a command, or `terminated`)."""

    total: int
    looked: int
    possible: int
    unsure: int
    apart: Mapping[str, int]
    misfits: Sequence[Group]
    troubles: Mapping[str, EngineError]


# ------------------------------------------------------------------ what a draft changes
def changed_keys(uow: UnitOfWork, draft: Row) -> dict[str, set[str]]:
    """`{"process": keys, "form": keys, "decision": keys}` of the files of a draft that are not as in effect."""
    names, found = drafts.changed(uow, draft), Deployment()
    for file in drafts.as_files(uow, draft.id):
        if file.name in names and not file.name.endswith(".scenario"):
            found.read(file)
    processes = {process.id for source in found.sources for process in source.processes}
    return {"process": processes, "form": set(found.forms), "decision": set(found.decisions)}


def _reached(uow: UnitOfWork, keys: Mapping[str, set[str]]) -> dict[str, str]:
    """Bundle id → key of its root process, of the bundles that reach one of `keys`."""
    found: dict[str, str] = {}
    for row in uow.rows(sa.select(bundle)):
        members = canonical.loads(row.members)
        if any(keys.get(kind, set()) & members[kind].keys() for kind in members):
            found[row.id] = next(key for key, each in members["process"].items() if each == row.root)
    return found


class _Target:
    """The bundles that cases would be on, compiled once for each root; and what leads there from each source."""

    def __init__(self, uow: UnitOfWork, draft: Row) -> None:
        self.uow = uow
        self.files = [file for file in drafts.as_files(uow, draft.id) if not file.name.endswith(".scenario")]
        self.compiled: dict[str, Bundle] = {}
        self.mappings: dict[str, dict[str, dict[str, str | None]]] = {}
        self.troubles: dict[str, EngineError] = {}

    def of(self, root: str) -> Bundle | None:
        """The bundle of a case of process `root`, None where there is none (then it is among the troubles)."""
        if root not in self.compiled and root not in self.troubles:
            try:
                self.compiled[root] = bundles.compile_files(self.uow, self.files, root)
            except EngineError as problem:
                self.troubles[root] = problem
        return self.compiled.get(root)

    def mapping(self, source: Bundle, target: Bundle) -> dict[str, dict[str, str | None]]:
        """The proposed mapping from a bundle."""
        if source.id not in self.mappings:
            self.mappings[source.id] = migration.propose(source, target)
        return self.mappings[source.id]


class _Groups:
    """Cases by what is wrong with them."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], Group] = {}

    def add(self, row: Row, process: Process, code: str, element: Element | str | None) -> None:
        name = element.id if isinstance(element, Element) else str(element or "")
        self.found.setdefault((process.id, code, name), Group(process, code, element)).add(row)

    def listed(self) -> list[Group]:
        return sorted(self.found.values(), key=lambda each: -each.count)


# ------------------------------------------------------------------ open cases
def open_cases(uow: UnitOfWork, draft: Row, *, most: int = LOOKED) -> OpenCases:
    """Try the newest open cases of everything that the draft changes on it; each as `migration.examine` does."""
    roots = _reached(uow, changed_keys(uow, draft))
    here = sa.and_(_case.ended_at.is_(None), _case.bundle_id.in_(roots))
    total = uow.scalar(sa.select(sa.func.count()).select_from(process_instance).where(here)) if roots else 0
    rows = uow.rows(_newest(here, most)) if total else []
    to, groups, movable, rescheduled, looked = _Target(uow, draft), _Groups(), 0, 0, 0
    for row in rows:
        target = to.of(roots[row.bundle_id])
        if target is None:
            continue
        looked += 1
        source = bundles.load(uow, row.bundle_id)
        verdict = migration.examine(uow, row, target, to.mapping(source, target))
        movable += verdict.is_possible
        rescheduled += bool(verdict.changes)
        if not verdict.is_possible:
            code, name = verdict.reasons[0]
            groups.add(row, source.processes[source.root], code, element_of(source, name) or name)
    return OpenCases(total, looked, movable, rescheduled, groups.listed(), to.troubles)


def _newest(where: sa.ColumnElement[bool], most: int) -> sa.Select[Any]:
    return sa.select(process_instance).where(where).order_by(_case.started_at.desc(), _case.id.desc()).limit(most)


def element_of(one: Bundle, name: str | None) -> Element | None:
    """The element of this id, in the root process or one that it calls."""
    first = [one.processes[one.root], *one.processes.values()]
    return next((each.elements[name] for each in first if name in each.elements), None) if name else None


# ------------------------------------------------------------------ finished cases
def finished_cases(uow: UnitOfWork, draft: Row, *, most: int = LOOKED) -> FinishedCases:
    """Replay last year's newest finished cases on the diagrams that the draft changes."""
    keys = changed_keys(uow, draft)["process"]
    roots = _reached(uow, {"process": keys})
    here = sa.and_(_case.process_key.in_(set(roots.values())), _case.bundle_id.in_(roots), _case.ended_at >= uow.now - YEAR)
    counted = sa.select(_case.id).where(here).limit(COUNTED).subquery()
    total = uow.scalar(sa.select(sa.func.count()).select_from(counted)) if roots else 0
    rows = uow.rows(_newest(here, most)) if total else []
    led, visits = _led(uow, rows), _visits(uow, [row.id for row in rows])
    replay, groups = _Replay(uow, _Target(uow, draft), keys), _Groups()
    apart, possible, unsure = Counter[str](), 0, 0
    for row in rows:
        if row.id in led:
            apart[led[row.id]] += 1
            continue
        misfit = replay.misfit(row, roots[row.bundle_id], visits.get(row.id, []))
        if isinstance(misfit, tuple):
            groups.add(row, *misfit)
        else:
            possible += misfit is True
            unsure += misfit is None
    return FinishedCases(total, len(rows), possible, unsure, apart, groups.listed(), replay.to.troubles)


def _led(uow: UnitOfWork, rows: Sequence[Row]) -> dict[str, str]:
    """Case → how people led it another way than its diagram."""
    found = {row.id: "terminated" for row in rows if row.status == "terminated"}
    events = uow.rows(sa.select(history_event.c.instance_id, history_event.c.command).where(
        history_event.c.instance_id.in_([row.id for row in rows]), history_event.c.command.in_(BY_HAND))) if rows else []
    return found | {each.instance_id: each.command for each in events}


def _visits(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in uow.rows(sa.select(activity_instance).where(activity_instance.c.instance_id.in_(ids)).order_by(
            activity_instance.c.instance_id, activity_instance.c.seq)) if ids else []:
        found.setdefault(row.instance_id, []).append(row)
    return found


class _Replay:
    """Replays; what was done in the same order is replayed once."""

    def __init__(self, uow: UnitOfWork, to: _Target, keys: Iterable[str]) -> None:
        self.uow, self.to, self.keys = uow, to, set(keys)
        self.known: dict[tuple[str, Trace], Fit] = {}

    def misfit(self, row: Row, root: str, visits: Sequence[Any]) -> tuple[Process, str, Element | str | None] | bool | None:
        """True if the case fits, None if nobody can tell, else the process, what is wrong, and the element where they part."""
        target = self.to.of(root)
        if target is None:
            return None
        source, is_sure = bundles.load(self.uow, row.bundle_id), True
        for trace in map(numbered, traces(visits)):
            if trace.process not in self.keys or trace.process not in source.processes:
                continue
            process = source.processes[trace.process]
            if trace.process not in target.processes:
                return process, "not_called", trace.process
            fit = self._fit(source, target, trace)
            if fit.is_possible is False:
                return process, "parts" if fit.element else "not_over", process.elements.get(fit.element or "", fit.element)
            is_sure = is_sure and fit.is_possible is not None
        return True if is_sure else None

    def _fit(self, source: Bundle, target: Bundle, trace: Trace) -> Fit:
        known = (source.id, trace)
        if known not in self.known:
            names = self.to.mapping(source, target)[trace.process]
            renamed = {old: new for old, new in names.items() if new is not None}  # what is gone is to be told, not passed over
            self.known[known] = could_produce(target.processes[trace.process], trace, renamed=renamed)
        return self.known[known]
