"""A diagram's picture as rectangles and segments, and what is wrong with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

from engine.diagram import read
from engine.diagram.model import Diagram, Element, Flow, Process

Point = tuple[float, float]
SLACK = 1.0  # two things that only touch do not overlap
HAN, LATIN = 11.0, 6.3  # widths of a letter of an outside label at its 11 pixels


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in diagram units."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def holds(self, other: "Box") -> bool:
        return (self.x - SLACK <= other.x and self.y - SLACK <= other.y
                and other.right <= self.right + SLACK and other.bottom <= self.bottom + SLACK)

    def touches(self, point: Point) -> bool:
        """Whether the point lies in the rectangle or on its border."""
        x, y = point
        return self.x - SLACK <= x <= self.right + SLACK and self.y - SLACK <= y <= self.bottom + SLACK

    def overlaps(self, other: "Box") -> bool:
        return (self.x + SLACK < other.right and other.x + SLACK < self.right
                and self.y + SLACK < other.bottom and other.y + SLACK < self.bottom)

    @property
    def core(self) -> "Box":
        """The middle half: what is inside a diamond or circle too."""
        return Box(self.x + self.width / 4, self.y + self.height / 4, self.width / 2, self.height / 2)

    def is_crossed_by(self, a: Point, b: Point) -> bool:
        """Whether a horizontal or vertical segment passes through the inside."""
        (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
        return (left < self.right - SLACK and right > self.x + SLACK
                and top < self.bottom - SLACK and bottom > self.y + SLACK)


class Picture:
    """One shipped file with one process, drawn in one pool."""

    def __init__(self, path: Path) -> None:
        self.diagram: Diagram = read.read(path.read_bytes(), path.name)
        self.process: Process = next(p for p in self.diagram.processes.values() if p.is_executable)
        self.lanes = lanes_of(path)

    def box(self, element: str) -> Box | None:
        shape = self.diagram.shapes.get(element)
        return Box(*shape.bounds) if shape and shape.bounds else None

    def node(self, element: str) -> Box:
        found = self.box(element)
        assert found is not None, f"{element} is not drawn"
        return found

    def label(self, element: str) -> Box | None:
        shape = self.diagram.shapes.get(element)
        return Box(*shape.label) if shape and shape.label else None

    def labels(self) -> dict[str, Box]:
        return {name: box for name in (*self.process.elements, *self.process.flows) if (box := self.label(name))}

    def points(self, flow: str) -> tuple[Point, ...]:
        shape = self.diagram.shapes.get(flow)
        return shape.waypoints if shape else ()

    def segments(self, flow: str) -> list[tuple[Point, Point]]:
        return list(pairwise(self.points(flow)))

    def around(self, element: str) -> set[str]:
        """The sub-processes that hold an element."""
        found, scope = set(), self.process.elements[element].scope
        while scope in self.process.elements:
            found.add(scope)
            scope = self.process.elements[scope].scope
        return found

    # ---------------------------------------------------------------- findings
    def not_drawn(self) -> Iterator[str]:
        yield from (name for name in self.process.elements if self.box(name) is None)
        yield from (name for name in self.process.flows if len(self.points(name)) < 2)
        yield from (lane for lane in self.lanes if self.box(lane) is None)
        for name in (*self.process.elements.values(), *self.process.flows.values()):
            if name.name and self._has_outside_label(name) and self.label(name.id) is None:
                yield f"label of {name.id}"

    def slanted(self) -> Iterator[str]:
        for flow in self.process.flows:
            if any(abs(a[0] - b[0]) > SLACK and abs(a[1] - b[1]) > SLACK for a, b in self.segments(flow)):
                yield flow

    def loose_ends(self) -> Iterator[str]:
        for flow in self.process.flows.values():
            ends = self.points(flow.id)
            if not (self.node(flow.source).touches(ends[0]) and self.node(flow.target).touches(ends[-1])):
                yield flow.id

    def lines_through_nodes(self) -> Iterator[tuple[str, str]]:
        for flow in self.process.flows.values():
            for node in self._others(flow):
                box = self.node(node)
                if node in (flow.source, flow.target) and not self.process.elements[node].type.endswith("Task"):
                    box = box.core
                if any(box.is_crossed_by(a, b) for a, b in self.segments(flow.id)):
                    yield flow.id, node

    def crossings(self) -> list[tuple[str, str]]:
        return [(one, other) for one, other in combinations(self.process.flows, 2)
                for a in self.segments(one) for b in self.segments(other) if cross(a, b)]

    def shared_lines(self) -> Iterator[tuple[str, str]]:
        for one, other in combinations(self.process.flows, 2):
            if any(share_a_stretch(a, b) for a in self.segments(one) for b in self.segments(other)):
                yield one, other

    def labels_on_lines(self) -> Iterator[tuple[str, str]]:
        for name, box in self.labels().items():
            for flow in self.process.flows:
                if any(box.is_crossed_by(a, b) for a, b in self.segments(flow)):
                    yield name, flow
            for lane in self.lanes:
                if box.overlaps(self.node(lane)) and not self.node(lane).holds(box):
                    yield name, lane

    def labels_on_nodes(self) -> Iterator[tuple[str, str]]:
        for name, box in self.labels().items():
            for node, element in self.process.elements.items():
                if covers(element, self.node(node), box) and not (element.type == "subProcess" and self.node(node).holds(box)):
                    yield name, node

    def labels_on_labels(self) -> Iterator[tuple[str, str]]:
        for (one, a), (other, b) in combinations(self.labels().items(), 2):
            if a.overlaps(b):
                yield one, other

    def tight_labels(self) -> Iterator[str]:
        names = {**self.process.elements, **self.process.flows}
        for name, box in self.labels().items():
            room = box.width + SLACK
            for width, height in (written(names[name].name, room, HAN, LATIN), words(names[name].name_en, room)):
                if room < width or box.height + SLACK < height:
                    yield f"{name}: {box.width:g}×{box.height:g} for {width:g}×{height:g}"

    def crowded_tasks(self) -> Iterator[str]:
        """Tasks whose words do not fit in at most three lines of their 12 pixels."""
        for element in self.process.elements.values():
            if not self._has_outside_label(element) and element.type != "subProcess":
                box = self.node(element.id)
                if written(element.name, box.width - 10, 12, 7)[1] > min(box.height - 20, 3 * 14):
                    yield element.id

    def nodes_on_nodes(self) -> Iterator[tuple[str, str]]:
        for one, other in combinations(self.process.elements.values(), 2):
            if one.id in self.around(other.id) or other.id in self.around(one.id):
                continue
            if one.attached_to == other.id or other.attached_to == one.id:
                continue
            if self.node(one.id).overlaps(self.node(other.id)):
                yield one.id, other.id

    def outside_their_scope(self) -> Iterator[str]:
        """A node stands in the one lane that names it, inside its sub-process; a sub-process may reach over several lanes."""
        for element in self.process.elements.values():
            box, holder = self.node(element.id), self.process.elements.get(element.scope)
            if element.attached_to:
                if not on_border(box, self.node(element.attached_to)):
                    yield element.id
            elif (holder is not None and not self.node(holder.id).holds(box)) or not self._is_in_lanes(element, box):
                yield element.id

    def _is_in_lanes(self, element: Element, box: Box) -> bool:
        named = [lane for lane, members in self.lanes.items() if element.id in members]
        if element.type == "subProcess":
            lanes = [self.node(lane) for lane in self.lanes]
            whole = Box(lanes[0].x, lanes[0].y, lanes[0].width, lanes[-1].bottom - lanes[0].y)
            return whole.holds(box)
        return any(self.node(lane).holds(box) for lane in named or self.lanes)

    def _has_outside_label(self, one: Element | Flow) -> bool:
        return isinstance(one, Flow) or one.type.endswith(("Event", "Gateway"))

    def _others(self, flow: Flow) -> Iterable[str]:
        """Every node that the flow does not stand in; at its own ends the line may touch but not pass through."""
        joined = self.process.elements[flow.source]
        held = self.around(flow.source) | {joined.attached_to}
        return (node for node in self.process.elements if node not in held)


def lanes_of(path: Path) -> dict[str, list[str]]:
    """Lane id → ids of the nodes it names."""
    root = read.tree(path.read_bytes(), path.name)
    return {str(lane.get("id")): [ref.text.strip() for ref in lane.iterfind("{*}flowNodeRef") if ref.text]
            for lane in root.iter("{*}lane")}


def cross(a: tuple[Point, Point], b: tuple[Point, Point]) -> bool:
    """Whether a horizontal and a vertical segment cross inside both."""
    horizontal = [s for s in (a, b) if abs(s[0][1] - s[1][1]) <= SLACK]
    vertical = [s for s in (a, b) if abs(s[0][0] - s[1][0]) <= SLACK]
    if len(horizontal) != 1 or len(vertical) != 1:
        return False
    (left, right), y = sorted((horizontal[0][0][0], horizontal[0][1][0])), horizontal[0][0][1]
    (top, bottom), x = sorted((vertical[0][0][1], vertical[0][1][1])), vertical[0][0][0]
    return left + SLACK < x < right - SLACK and top + SLACK < y < bottom - SLACK


def share_a_stretch(a: tuple[Point, Point], b: tuple[Point, Point]) -> bool:
    """Whether two segments run on top of each other, so that nobody can tell which is which."""
    for along, across in ((0, 1), (1, 0)):
        if all(abs(p[across] - a[0][across]) <= SLACK for p in (*a, *b)):
            (low, high), (start, end) = sorted((a[0][along], a[1][along])), sorted((b[0][along], b[1][along]))
            if min(high, end) - max(low, start) > SLACK:
                return True
    return False


def covers(element: Element, node: Box, label: Box) -> bool:
    """Whether a label lies on what is drawn: a diamond and a circle leave the corners of their box free."""
    dx, dy = (max(low - centre, 0.0, centre - high) for centre, low, high in (
        (node.x + node.width / 2, label.x, label.right), (node.y + node.height / 2, label.y, label.bottom)))
    if element.type.endswith("Gateway"):
        return dx + dy < node.width / 2 - SLACK
    if element.type.endswith("Event"):
        return (dx * dx + dy * dy) ** 0.5 < node.width / 2 - SLACK
    return node.overlaps(label)


def on_border(box: Box, host: Box) -> bool:
    """Whether the centre of `box` lies on the border of `host`."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    near = (abs(x - host.x), abs(x - host.right), abs(y - host.y), abs(y - host.bottom))
    return host.touches((x, y)) and min(near) <= SLACK


def words(text: str, width: float) -> tuple[float, float]:
    """The width and height of English that is broken between its words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(longer) * LATIN > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return max(map(len, lines)) * LATIN, len(lines) * 14.0


def written(text: str, width: float, han: float, latin: float) -> tuple[float, float]:
    """The width and height of a text that is broken at `width`, as bpmn-js does; 14 pixels a line."""
    widest, line, lines = 0.0, 0.0, 1
    for letter in text:
        step = han if ord(letter) > 0xFF else latin
        if line + step > width:
            lines, line = lines + 1, 0.0
        line += step
        widest = max(widest, line)
    return widest, lines * 14.0
