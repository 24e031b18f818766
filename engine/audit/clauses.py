"""The clause matrix: clause × activity × record × how often, and where one is missing.

The clauses themselves are the company's: `clauses.json` of the diagram folder, a list of `{"id", "name", "name_en"}` in the
procedure's order, with `"is_heading": true` where nothing is to be done.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.audit import procedures
from engine.diagram.model import Element, Process
from engine.errors import InvalidValue
from engine.tables import activity_instance, process_instance
from engine.unit_of_work import UnitOfWork

FILE = "clauses.json"
RECORDED = ("userTask", "manualTask")
"""What people do is to leave a record; what the engine does is on the chained one."""
_activity = activity_instance.c


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the procedure; its note is a clause of its own (5.1.15 n4)."""

    id: str
    name: str
    name_en: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """An element of a procedure in effect: begun `times`, completed in `records` cases, which hold its record form then.

    `gaps`: `no_clause`, `no_record`, `never` (not begun in the period).
    """

    process: Process
    element: Element
    record: str
    record_en: str
    times: int
    records: int
    gaps: frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """A clause and what carries it out. `is_gap`: nothing does, not in any part of it either."""

    clause: Clause
    activities: Sequence[Activity]
    is_gap: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """`unlisted`: lines of clauses that elements name and the company's list does not have; `without`: activities that name
    none."""

    lines: Sequence[Line]
    unlisted: Sequence[Line]
    without: Sequence[Activity]

    @property
    def gaps(self) -> Mapping[str, int]:
        """How often each kind of gap is there; an activity counts once, under however many clauses it stands."""
        seen = {(one.process.id, one.element.id): one for line in (*self.lines, *self.unlisted) for one in line.activities}
        seen |= {(one.process.id, one.element.id): one for one in self.without}
        found = {kind: sum(kind in one.gaps for one in seen.values()) for kind in ("no_clause", "no_record", "never")}
        return {"no_activity": sum(line.is_gap for line in self.lines), **found}


def listed(folder: Path) -> list[Clause]:
    """The company's clauses; none where there is no such file. `InvalidValue` for one that is not as described above."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        return [Clause(str(each["id"]), str(each["name"]), str(each["name_en"]), bool(each.get("is_heading")))
                for each in json.loads(path.read_text("utf-8"))]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise InvalidValue("clauses_unreadable", field=FILE, value=str(problem)) from problem


def matrix(uow: UnitOfWork, *, office: str = "", since: datetime | None = None, until: datetime | None = None) -> Matrix:
    """The matrix of all procedures in effect, with what cases did in `[since, until)`."""
    counts = _counts(uow, office, since, until)
    found = [_activity_of(each.process, element, counts) for each in procedures.in_effect(uow).values()
             for element in each.process.elements.values()]
    clauses = listed(Path(uow.engine.settings.diagram_folder))
    named = procedures.by_number({clause: None for one in found for clause in procedures.clauses(one.element)})
    unlisted = [Clause(each, each, each) for each in named if each not in {one.id for one in clauses}]
    return Matrix([_line(each, found, named) for each in clauses], [_line(each, found, named) for each in unlisted],
                  [one for one in found if "no_clause" in one.gaps])


def _line(clause: Clause, found: Sequence[Activity], named: Sequence[str]) -> Line:
    """Activities; only where there are none, the decisions and events that carry the clause."""
    mine = [one for one in found if clause.id in procedures.clauses(one.element)]
    acting = [one for one in mine if one.element.type in procedures.ACTIVITIES]
    is_carried = any(procedures.is_within(each, clause.id) for each in named)
    return Line(clause, acting or mine, not clause.is_heading and not is_carried)


def _activity_of(process: Process, element: Element, counts: Mapping[tuple[str, str, bool], Any]) -> Activity:
    is_activity = element.type in procedures.ACTIVITIES
    # a multi-instance activity counts by its parts
    count = counts.get((process.id, element.id, element.loop is not None))
    gaps = {"no_clause": is_activity and not procedures.clauses(element),
            "no_record": element.type in RECORDED and not element.properties.get("record"),
            "never": is_activity and count is None}
    record = element.properties.get("record", "")
    return Activity(process, element, record, element.properties.get("record_en", record), count.times if count else 0,
                    count.records if count and record else 0, frozenset(name for name, is_so in gaps.items() if is_so))


def _counts(uow: UnitOfWork, office: str, since: datetime | None, until: datetime | None) -> dict[tuple[str, str, bool], Any]:
    """(process, element, is it a part of a multi-instance activity) → how often begun, and in how many cases completed."""
    is_part = _activity.scope == _activity.token
    cases = sa.func.count(sa.distinct(sa.case((_activity.end_state == "left", _activity.instance_id))))
    query = sa.select(_activity.process_key, _activity.element, is_part.label("is_part"), sa.func.count().label("times"),
                      cases.label("records")).group_by(_activity.process_key, _activity.element, is_part)
    if office:
        query = query.join(process_instance, process_instance.c.id == _activity.instance_id).where(
            process_instance.c.office == office)
    if since:
        query = query.where(_activity.started_at >= since)
    if until:
        query = query.where(_activity.started_at < until)
    return {(row.process_key, row.element, bool(row.is_part)): row for row in uow.rows(query)}
