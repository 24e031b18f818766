"""What a BPMN file says, in BPMN 2.0 words: frozen rows, shared by every case, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """An event's definition. `kind`: none | timer | message | error | escalation | link | terminate.

    `name` is the message's, link's, error's or escalation's name, `name_en` its English (empty: none), `code` the error's or
    escalation's code (None catches all).
    A timer has `timer` ("date" | "duration" | "cycle") and its `text` (ISO 8601 or `${name}` or `= FEEL`).
    A message has `correlation`: {key: FEEL text or `${name}`}, from the property `correlation`.
    """

    kind: str
    name: str | None = None
    code: str | None = None
    timer: Literal["date", "duration", "cycle"] | None = None
    text: str | None = None
    correlation: Mapping[str, str] = field(default_factory=dict)
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """`multiInstanceLoopCharacteristics`: by `cardinality` (FEEL/literal) or `collection` + `element_variable` (camunda)."""

    is_sequential: bool
    cardinality: str | None
    collection: str | None
    element_variable: str | None
    completion_condition: str | None


@dataclass(frozen=True, slots=True)
class IoMapping:
    """A `camunda:in` / `camunda:out` of a call activity: source name or expression → target; `is_all` copies all."""

    source: str | None
    expression: str | None
    target: str | None
    is_all: bool = False
    is_business_key: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `condition` is FEEL without its mark, None where there is none."""

    id: str
    name: str
    name_en: str
    source: str
    target: str
    scope: str
    condition: str | None


@dataclass(frozen=True, slots=True)
class Element:
    """A flow node. `scope` is the id of the process or sub-process it stands in; `type` the BPMN tag (`userTask` …)."""

    id: str
    type: str
    name: str
    name_en: str
    process: str
    scope: str
    lane: str | None = None
    documentation: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)  # camunda:property name → value
    attributes: Mapping[str, str] = field(default_factory=dict)  # camunda:… attributes by local name
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    event: EventDefinition | None = None
    attached_to: str | None = None
    is_interrupting: bool = True
    loop: MultiInstance | None = None
    called: str | None = None  # calledElement
    inputs: tuple[IoMapping, ...] = ()
    outputs: tuple[IoMapping, ...] = ()
    is_event_sub_process: bool = False
    script: str | None = None  # FEEL of a script task, result goes to attributes["resultVariable"]
    lane_en: str = ""

    def words(self, language: str) -> str:
        """The label in `language`, falling back to the other, then to the id."""
        return (self.name_en if language == "en" else self.name) or self.name or self.name_en or self.id


@dataclass(frozen=True, slots=True)
class Process:
    """One `<process>`: its elements and flows (of all its sub-processes too) by id, in document order."""

    id: str
    name: str
    name_en: str
    is_executable: bool
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    lanes: tuple[str, ...]  # lane names in order of the file
    properties: Mapping[str, str]
    attributes: Mapping[str, str]  # candidateStarterGroups, historyTimeToLive …
    documentation: str = ""

    def inside(self, scope: str) -> tuple[Element, ...]:
        """The flow nodes that stand directly in `scope` (the process id or a sub-process id)."""
        return tuple(e for e in self.elements.values() if e.scope == scope)

    def starts(self, scope: str | None = None) -> tuple[Element, ...]:
        """The start events of a scope; default the process itself."""
        return tuple(e for e in self.inside(scope or self.id) if e.type == "startEvent")

    def boundary_events(self, host: str) -> tuple[Element, ...]:
        """The boundary events attached to `host`."""
        return tuple(e for e in self.elements.values() if e.attached_to == host)

    def following(self, element: str) -> tuple[Flow, ...]:
        """The sequence flows that leave `element`, in document order."""
        return tuple(self.flows[f] for f in self.elements[element].outgoing)


@dataclass(frozen=True, slots=True)
class Shape:
    """A picture element in diagram units: node bounds, or an edge's waypoints, with its label's bounds."""

    element: str
    bounds: tuple[float, float, float, float] | None  # x, y, width, height
    waypoints: tuple[tuple[float, float], ...] = ()
    label: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """One file: its processes by id and its picture. `sha256` is of the bytes as received."""

    file: str
    sha256: str
    processes: Mapping[str, Process]
    messages: Mapping[str, str]  # id → name
    shapes: Mapping[str, Shape]
