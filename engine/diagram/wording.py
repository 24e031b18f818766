"""What people read and auditors look for: names in both languages, clauses, work instructions, record forms."""

import difflib
from collections.abc import Iterator

from engine.diagram.model import Element, Process
from engine.diagram.sources import Source
from engine.diagram.supported import TASKS
from engine.errors import Problem

ACTIVITIES = (*TASKS, "callActivity", "subProcess")
PROPERTIES = (
    "name_en", "clause", "record", "record_en", "calendar", "deadline", "correlation", "not_by", "roll", "instruction_en",
)
"""The properties that the engine and its pages read; a diagram may have others for the company's own use."""
NAMED_EVENTS = ("startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent")


def problems(source: Source) -> Iterator[Problem]:
    """Warnings only: a diagram without them runs."""
    for process in source.processes:
        if process.name and not process.name_en:
            yield source.problem("no_name_en", process.id, "name_en")
        for element in process.elements.values():
            yield from _names(source, process, element)
            yield from _procedure(source, element)
            yield from _misspelt(source, element)
        for flow in process.flows.values():
            if flow.name and not flow.name_en:
                yield source.problem("no_name_en", flow.id, "name_en")


def _names(source: Source, process: Process, element: Element) -> Iterator[Problem]:
    decides = element.type in ("exclusiveGateway", "inclusiveGateway") and len(process.following(element.id)) > 1
    if not element.name and (element.type in (*ACTIVITIES, *NAMED_EVENTS) or decides):
        yield source.problem("no_name", element.id, "name", tag=element.type)
    if element.name and not element.name_en:
        yield source.problem("no_name_en", element.id, "name_en")


def _procedure(source: Source, element: Element) -> Iterator[Problem]:
    if element.type in (*TASKS, "callActivity") and not element.properties.get("clause"):
        yield source.problem("no_clause", element.id, "clause")
    if element.type in ("userTask", "manualTask"):
        if not element.documentation:
            yield source.problem("no_instruction", element.id, "documentation")
        if not element.properties.get("record"):
            yield source.problem("no_record", element.id, "record")


def _misspelt(source: Source, element: Element) -> Iterator[Problem]:
    for name in element.properties:
        near = difflib.get_close_matches(name.lower(), PROPERTIES, 1, 0.8)
        if near and name not in PROPERTIES:
            yield source.problem("property_misspelt", element.id, name, near=near[0])
