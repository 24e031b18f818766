"""What the deploy gate looks at: the files of a deployment, and what they may refer to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.decisions import Decision
from engine.diagram.codes import problem
from engine.diagram.model import Diagram, Element, Process
from engine.diagram.names import BPMN, Node, namespace
from engine.errors import Problem


@dataclass(frozen=True, slots=True)
class File:
    """One file of a deployment: its name (with ending) and bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What references may point at: group ids, topics, list names, calendar ids; definitions by key."""

    groups: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    processes: Mapping[str, Diagram | None] = field(default_factory=dict)
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    calendars: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Source:
    """One diagram file under check: its tree, and its model."""

    file: str
    root: Node
    diagram: Diagram

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The XML nodes of the BPMN model by id."""
        return {str(node.get("id")): node for node in self.root.iter(f"{{{BPMN}}}*") if node.get("id")}

    @cached_property
    def processes(self) -> tuple[Process, ...]:
        """The processes that are meant to run."""
        return tuple(p for p in self.diagram.processes.values() if p.is_executable)

    @cached_property
    def rows(self) -> frozenset[str]:
        """The ids of all processes, flow nodes and sequence flows."""
        models = self.diagram.processes.values()
        return frozenset(name for p in models for name in (p.id, *p.elements, *p.flows))

    def owner(self, node: Node) -> str | None:
        """The id of the flow node, flow or process that a node belongs to; else the nearest id of the model."""
        ids = [str(n.get("id")) for n in (node, *node.iterancestors()) if n.get("id") and namespace(n) == BPMN]
        return next((name for name in ids if name in self.rows), ids[0] if ids else None)

    def elements(self, *types: str) -> Iterator[Element]:
        """The flow nodes of the executable processes; of these types, if any are named."""
        return (e for p in self.processes for e in p.elements.values() if not types or e.type in types)

    def process(self, element: Element) -> Process:
        """The process that an element stands in."""
        return self.diagram.processes[element.process]

    def node(self, element: Element) -> Node:
        """The XML node of an element."""
        return self.nodes[element.id]

    def problem(self, code: str, element: str | None = None, field: str | None = None, **facts: Any) -> Problem:
        """A finding in this file, naming the element by its label and id."""
        node = self.nodes.get(element or "")
        name = node.get("name", "") if node is not None else ""
        return problem(code, file=self.file, element=element, field=field, name=name, **facts)


def listed(text: str | None) -> list[str]:
    """The parts of a comma-separated attribute."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]
