"""An object-centric event log as OCEL 2.0 JSON: completed tasks, and the cases, machines, customers, parts and orders they touch.

The engine knows cases, machines and customers; what else a case has to do with is told by the company (`Related`). Events and
objects go to the file as they are read; of objects that cases share only the ids stay in memory.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from engine.audit.event_log import Event, Trace

BATCH = 200
OF_CASE = ("number", "process", "office", "status")
OF_EVENT = {"process": "string", "element": "string", "resource": "string", "role": "string", "office": "string",
            "clause": "string", "began": "time", "due": "time"}


@dataclass(frozen=True, slots=True)
class Related:
    """An object of the company that a case has to do with: `type` and `id`, how (`qualifier`), its texts, and from when until
    when the case's events touch it (None: from the beginning, to the end)."""

    case: str
    type: str
    id: str
    qualifier: str
    values: Mapping[str, str]
    since: datetime | None = None
    until: datetime | None = None


Company = Callable[[Sequence[str]], Iterable[Related]]
"""`ids of cases -> what they have to do with`."""


def write(file: BinaryIO, traces: Iterable[Trace], company: Company) -> int:
    """Write a log; says how many cases it has."""
    log, number = _Log(), 0
    with tempfile.TemporaryFile() as events:
        objects, later = _Listing(file), _Listing(events)
        file.write(b'{"objects":[')
        for batch in _batches(traces):
            related = _by_case(company([trace.row.id for trace in batch]))
            for trace in batch:
                touched = log.touched(trace, related.get(trace.row.id, []))
                objects.add(*log.objects(trace, touched))
                later.add(*(log.event(event, trace, touched) for event in trace.events if event.transition == "complete"))
            number += len(batch)
        file.write(b'],"events":[')
        events.seek(0)
        shutil.copyfileobj(events, file)
    file.write(f'],"objectTypes":{_json(log.object_types())},"eventTypes":{_json(log.event_types())}}}'.encode())
    return number


@dataclass(slots=True)
class _Listing:
    """The members of a JSON list, written one after the other."""

    file: Any
    is_empty: bool = True

    def add(self, *members: Mapping[str, Any]) -> None:
        for each in members:
            self.file.write((("" if self.is_empty else ",\n") + _json(each)).encode())
            self.is_empty = False


@dataclass(slots=True)
class _Log:
    """What was seen so far: shared objects by id, the attributes of each type, the kinds of events."""

    seen: set[str] = field(default_factory=set)
    attributes: dict[str, set[str]] = field(default_factory=lambda: {
        "case": set(OF_CASE), "machine": set(), "customer": set(), "part": set(), "order": set()})
    activities: set[str] = field(default_factory=set)

    def touched(self, trace: Trace, related: Sequence[Related]) -> list[Related]:
        """All that a case has to do with."""
        row, found = trace.row, []
        if row.serial:
            found.append(Related(row.id, "machine", row.serial, "about", {"product": row.product or ""}))
        if trace.customer:
            found.append(Related(row.id, "customer", trace.customer, "for", {}))
        return found + list(related)

    def objects(self, trace: Trace, touched: Sequence[Related]) -> Iterator[dict[str, Any]]:
        """The case and what is new of what it has to do with."""
        row = trace.row
        values = dict(zip(OF_CASE, (row.business_key, row.process_key, row.office, row.status), strict=True))
        yield _object("case", row.id, values, row.started_at, _relationships(touched))
        for each in touched:
            if (key := _id(each.type, each.id)) not in self.seen:
                self.seen.add(key)
                self.attributes.setdefault(each.type, set()).update(each.values)
                yield _object(each.type, each.id, each.values, each.since or row.started_at, [])

    def event(self, event: Event, trace: Trace, touched: Sequence[Related]) -> dict[str, Any]:
        """A completed task, related to its case and to what that had to do with then."""
        self.activities.add(event.activity)
        then = [each for each in touched if (each.since is None or each.since <= event.at)
                and (each.until is None or event.at <= each.until)]
        values = {name: getattr(event, name) for name in OF_EVENT}
        return {"id": event.task, "type": event.activity, "time": _time(event.at),
                "attributes": [{"name": name, "value": _time(value) if isinstance(value, datetime) else value}
                               for name, value in values.items() if value],
                "relationships": [{"objectId": _id("case", trace.row.id), "qualifier": "in"}, *_relationships(then)]}

    def object_types(self) -> list[dict[str, Any]]:
        return [{"name": kind, "attributes": [{"name": name, "type": "string"} for name in sorted(names)]}
                for kind, names in self.attributes.items()]

    def event_types(self) -> list[dict[str, Any]]:
        attributes = [{"name": name, "type": kind} for name, kind in OF_EVENT.items()]
        return [{"name": activity, "attributes": attributes} for activity in sorted(self.activities)]


def _object(kind: str, name: str, values: Mapping[str, str], at: datetime, related: list[dict[str, str]]) -> dict[str, Any]:
    attributes = [{"name": each, "time": _time(at), "value": value} for each, value in values.items() if value]
    return {"id": _id(kind, name), "type": kind, "attributes": attributes, "relationships": related}


def _relationships(touched: Iterable[Related]) -> list[dict[str, str]]:
    """To each object once in each way."""
    found = dict.fromkeys((_id(each.type, each.id), each.qualifier) for each in touched)
    return [{"objectId": key, "qualifier": qualifier} for key, qualifier in found]


def _id(kind: str, name: str) -> str:
    return f"{kind}:{name}"


def _by_case(related: Iterable[Related]) -> dict[str, list[Related]]:
    found: dict[str, list[Related]] = {}
    for each in related:
        found.setdefault(each.case, []).append(each)
    return found


def _batches(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    waiting = iter(traces)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
