"""The picture (BPMN DI): bounds and waypoints by element. Coordinates that are not finite numbers are left out here."""

import math
from collections.abc import Iterator

from engine.diagram.model import Shape
from engine.diagram.names import BPMNDI, DC, DI, Node, namespace, reference

Bounds = tuple[float, float, float, float]
DRAWN = (f"{{{BPMNDI}}}BPMNShape", f"{{{BPMNDI}}}BPMNEdge")
BOUNDS, WAYPOINT = f"{{{DC}}}Bounds", f"{{{DI}}}waypoint"


def shapes(root: Node) -> dict[str, Shape]:
    """The shapes and edges of every plane, by the id of what they draw (the first one counts)."""
    found: dict[str, Shape] = {}
    for node in root.iter(*DRAWN):
        if name := reference(node.get("bpmnElement")):
            found.setdefault(name, _shape(node, name))
    return found


def number(written: str | None) -> float | None:
    """A coordinate; None if it is missing or not a finite number."""
    try:
        value = float(written or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def drawn(node: Node) -> str | None:
    """The id of the element that this part of the picture draws."""
    parts = (part for part in (node, *node.iterancestors()) if namespace(part) == BPMNDI)
    return next((reference(part.get("bpmnElement")) for part in parts if part.get("bpmnElement")), None)


def _shape(node: Node, name: str) -> Shape:
    label = node.find(f"{{{BPMNDI}}}BPMNLabel")
    return Shape(
        element=name, bounds=_bounds(node.find(BOUNDS)), waypoints=tuple(_waypoints(node)),
        label=_bounds(label.find(BOUNDS)) if label is not None else None,
    )


def _bounds(node: Node | None) -> Bounds | None:
    if node is None:
        return None
    x, y, width, height = (number(node.get(name)) for name in ("x", "y", "width", "height"))
    return None if x is None or y is None or width is None or height is None else (x, y, width, height)


def _waypoints(node: Node) -> Iterator[tuple[float, float]]:
    for point in node.findall(WAYPOINT):
        x, y = number(point.get("x")), number(point.get("y"))
        if x is not None and y is not None:
            yield x, y
