"""Flows and associations as SVG: their lines, arrows, signs and labels. Pure."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.diagram.names import Node as Source
from engine.diagram.names import child, local
from engine.diagram.svg_nodes import LABEL, Box, Part, label
from engine.diagram.svg_shapes import LINE, PAPER, Node, points, svg
from engine.diagram.svg_text import LINE as LINE_HEIGHT
from engine.diagram.svg_text import SMALL, wrapped

Point = tuple[float, float]
ARROW = 9.0
DASHES = {"messageFlow": "8 5", "association": "1 4", "dataInputAssociation": "1 4", "dataOutputAssociation": "1 4"}


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the picture through `way`, two points at least. `begins_at` is the element that a sequence flow leaves."""

    id: str
    tag: str
    source: Source | None
    way: tuple[Point, ...]
    label: Box | None
    name: str
    stroke: str = LINE
    begins_at: Source | None = None


def drawn(edge: Edge) -> list[Part]:
    """The parts of one edge: line, arrow, sign, label."""
    box = around(edge.way)
    return [*((box, node) for node in _line(edge)), *_label(edge)]


def around(way: Sequence[Point]) -> Box:
    """The box around points."""
    xs, ys = [x for x, _ in way], [y for _, y in way]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _line(edge: Edge) -> Iterator[Node]:
    way = list(edge.way)
    tip, filled = way[-1], edge.tag == "sequenceFlow"
    angle = _angle(way)
    if filled:  # the line ends within the arrow, so that its corner does not stick out
        way[-1] = tip[0] - math.cos(angle) * ARROW * 0.7, tip[1] - math.sin(angle) * ARROW * 0.7
    line = svg("polyline", points=points(tuple(way)), stroke=edge.stroke, fill="none", stroke_width=1.5, stroke_linejoin="round")
    if edge.tag in DASHES:
        line.set("stroke-dasharray", DASHES[edge.tag])
        line.set("stroke-linecap", "round" if edge.tag != "messageFlow" else "butt")
    yield line
    if filled:
        yield _head(tip, angle, edge.stroke, edge.stroke)
        yield from _sign(edge)
    elif edge.tag == "messageFlow":
        yield _head(tip, angle, edge.stroke, PAPER)
        yield svg("circle", cx=way[0][0], cy=way[0][1], r=3.5, stroke=edge.stroke, fill=PAPER, stroke_width=1.5)
    else:
        yield from _open_heads(edge, angle)


def _head(tip: Point, angle: float, stroke: str, fill: str) -> Node:
    corners = (tip, *(_from(tip, angle + math.pi + turn, ARROW) for turn in (0.42, -0.42)))
    return svg("polygon", points=points(corners), stroke=stroke, fill=fill, stroke_width=1)


def _open_heads(edge: Edge, angle: float) -> Iterator[Node]:
    direction = (edge.source.get("associationDirection", "None") if edge.source is not None else "None")
    if edge.tag.startswith("data"):
        direction = "One"
    ends = [(edge.way[-1], angle)] if direction in ("One", "Both") else []
    if direction == "Both":
        ends.append((edge.way[0], _angle(edge.way[::-1])))
    for tip, turned in ends:
        sides = tuple(_from(tip, turned + math.pi + turn, ARROW) for turn in (0.5, -0.5))
        yield svg("polyline", points=points((sides[0], tip, sides[1])), stroke=edge.stroke, fill="none", stroke_width=1.5)


def _sign(edge: Edge) -> Iterator[Node]:
    """The slash of a default flow, the diamond of a conditional one that leaves an activity (BPMN 2.0 §8.3.13)."""
    if edge.begins_at is None or edge.source is None:
        return
    first, angle = edge.way[0], _angle(edge.way[1::-1]) + math.pi
    if edge.begins_at.get("default") == edge.id:
        middle = _from(first, angle, 9)
        ends = (_from(middle, angle - 2.2, 6), _from(middle, angle + math.pi - 2.2, 6))
        yield svg("polyline", points=points(ends), stroke=edge.stroke, fill="none", stroke_width=1.5)
    elif child(edge.source, "conditionExpression") is not None and not local(edge.begins_at).endswith(("Gateway", "Event")):
        corners = (first, _from(first, angle - 0.5, 8), _from(first, angle, 14), _from(first, angle + 0.5, 8))
        yield svg("polygon", points=points(corners), stroke=edge.stroke, fill=PAPER, stroke_width=1.2)


def _label(edge: Edge) -> Iterator[Part]:
    if not edge.name:
        return
    if edge.label is None:
        x, y = _middle(edge.way)
        yield label(wrapped(edge.name, LABEL, SMALL), x, y - SMALL * LINE_HEIGHT - 2)
        return
    x, y, wide, high = edge.label
    lines = wrapped(edge.name, max(wide, LABEL), SMALL)
    yield label(lines, x + wide / 2, y + (high - len(lines) * SMALL * LINE_HEIGHT) / 2)


def _middle(way: Sequence[Point]) -> Point:
    """The point half-way along a line."""
    lengths = [math.dist(a, b) for a, b in itertools.pairwise(way)]
    left = sum(lengths) / 2
    for (a, b), length in zip(itertools.pairwise(way), lengths, strict=True):
        if left <= length and length:
            share = left / length
            return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
        left -= length
    return way[0]


def _angle(way: Sequence[Point]) -> float:
    """The direction of the last piece that has a length."""
    tip = way[-1]
    before = next((each for each in reversed(way[:-1]) if math.dist(each, tip) > 0.5), None)
    return math.atan2(tip[1] - before[1], tip[0] - before[0]) if before else 0.0


def _from(point: Point, angle: float, length: float) -> Point:
    return point[0] + math.cos(angle) * length, point[1] + math.sin(angle) * length
