"""An event log of cases as XES (IEEE 1849-2016): one trace a case, written as it is read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from lxml import etree

from engine.audit.event_log import Event, Trace

NAMESPACE = "http://www.xes-standard.org/"
VERSION = "1849-2016"
EXTENSIONS = {"Concept": "concept", "Time": "time", "Lifecycle": "lifecycle", "Organizational": "org"}
CLASSIFIERS = {  # name → the attributes by which events are the same
    "Activity": "concept:name", "Activity and transition": "concept:name lifecycle:transition",
    "Process and element": "process element", "Process": "process", "Resource": "org:resource"}
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Attributes = Mapping[str, str | int | datetime | None]


def write(file: BinaryIO, traces: Iterable[Trace], *, name: str) -> int:
    """Write a log called `name`; says how many traces it has."""
    number = 0
    with etree.xmlfile(file, encoding="UTF-8") as out:
        out.write_declaration()
        with out.element("log", {"xes.version": VERSION, "xes.features": ""}, nsmap={None: NAMESPACE}):
            for each in _head(name):
                out.write(each)
            for trace in traces:
                number += 1
                with out.element("trace"):
                    for attribute in _attributes(_of_trace(trace)):
                        out.write(attribute)
                    for event in trace.events:
                        out.write(_event(event))
    return number


def _head(name: str) -> Iterator[Any]:
    """In the order that the standard asks for: extensions, globals, classifiers, attributes."""
    for extension, prefix in EXTENSIONS.items():
        yield etree.Element("extension", {"name": extension, "prefix": prefix, "uri": f"{NAMESPACE}{prefix}.xesext"})
    yield _global("trace", {"concept:name": ""})
    yield _global("event", {"concept:name": "", "lifecycle:transition": "complete", "process": "", "element": "",
                            "time:timestamp": datetime.fromisoformat("1970-01-01T00:00:00+00:00")})
    for classifier, keys in CLASSIFIERS.items():
        yield etree.Element("classifier", {"name": classifier, "keys": keys})
    yield from _attributes({"concept:name": name, "lifecycle:model": "standard"})


def _global(scope: str, attributes: Attributes) -> Any:
    found = etree.Element("global", {"scope": scope})
    found.extend(_attributes(attributes, keeps_empty=True))
    return found


def _of_trace(trace: Trace) -> Attributes:
    row = trace.row
    return {"concept:name": row.business_key, "case": row.id, "process": row.process_key, "version": row.process_version,
            "org:group": row.office, "customer": trace.customer, "serial": row.serial, "product": row.product,
            "status": row.status, "end": row.end_element, "starter": trace.starter, "started": row.started_at,
            "ended": row.ended_at}


def _event(event: Event) -> Any:
    found = etree.Element("event")
    found.extend(_attributes({
        "concept:name": event.activity, "concept:instance": event.task, "lifecycle:transition": event.transition,
        "time:timestamp": event.at, "org:resource": event.resource, "org:role": event.role, "org:group": event.office,
        "process": event.process, "element": event.element, "type": event.type, "clause": event.clause, "due": event.due}))
    return found


def _attributes(found: Attributes, *, keeps_empty: bool = False) -> Iterator[Any]:
    """An element for each attribute that there is, by the type of its value."""
    for key, value in found.items():
        if isinstance(value, datetime):
            yield etree.Element("date", {"key": key, "value": value.isoformat(timespec="milliseconds")})
        elif isinstance(value, int):
            yield etree.Element("int", {"key": key, "value": str(value)})
        elif value or keeps_empty:
            yield etree.Element("string", {"key": key, "value": NOT_XML.sub("\ufffd", value or "")})
