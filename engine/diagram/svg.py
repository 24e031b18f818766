"""The picture of a diagram as SVG, drawn from its diagram interchange (BPMN 2.0 §12): the same in a page and on paper. Pure.

No script, no style and no reference to anything outside: a picture may stand in a page or in a PDF as it is. A wide picture is
cut into strips for paper, between its elements; the names of pools and lanes are repeated on each.
"""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.diagram import svg_edges, svg_nodes
from engine.diagram.names import BPMN, BPMNDI, Node, children, is_true, local, properties, reference
from engine.diagram.picture import BOUNDS, WAYPOINT, number
from engine.diagram.read import tree
from engine.diagram.svg_edges import Edge, around
from engine.diagram.svg_nodes import Box, Shape
from engine.diagram.svg_shapes import LINE, PAPER, SPACE, svg, text_of
from engine.diagram.svg_shapes import number as written

MARGIN = 12.0
STRIP = 1_080.0
"""How much of a picture, in its own units, one sheet of paper in landscape shows well."""
MOST_STRIPS = 12
TALL = 120.0
"""A call activity that is higher shows what it calls, where the file says so."""
FAR = 1_000_000.0
"""What is drawn farther away than this is a mistake of the file and is left out."""
FAMILY = "Noto Sans SC, Microsoft YaHei, PingFang SC, sans-serif"
CONTAINERS = frozenset({"participant", "lane", "group"})
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")
STROKES, FILLS = ("stroke", "border-color"), ("fill", "background-color")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the picture and the place that it takes."""

    box: Box
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One plane: what it is the picture of, the box around all, the pieces from the lowest to the uppermost.

    `bands` are the names of pools and lanes, `solids` the boxes that a cut should not go through.
    """

    element: str
    title: str
    box: Box
    pieces: tuple[Piece, ...]
    bands: tuple[Piece, ...]
    solids: tuple[Box, ...]

    def whole(self) -> str:
        """The whole picture as one `<svg>`."""
        return self._framed(self.box, [piece.text for piece in self.pieces])

    def strips(self, wide: float = STRIP, high: float = STRIP * 0.62) -> list[str]:
        """The picture in strips from left to right, each an `<svg>`, as few as let one read it on a sheet of `wide` by `high`."""
        cuts = self._cuts(max(wide, wide * self.box[3] / high))
        head = self._head()
        return [self._strip(left, right, head if number else 0) for number, (left, right) in enumerate(itertools.pairwise(cuts))]

    def _strip(self, left: float, right: float, head: float) -> str:
        inside = [piece.text for piece in self.pieces if piece.box[0] < right and piece.box[0] + piece.box[2] > left]
        if not head:
            return self._framed((left, self.box[1], right - left, self.box[3]), inside)
        begin = left - head
        ground = text_of(svg("rect", x=begin, y=self.box[1], width=head, height=self.box[3], fill=PAPER))
        moved = f'<g transform="translate({written(begin - self.box[0])} 0)">{"".join(band.text for band in self.bands)}</g>'
        return self._framed((begin, self.box[1], right - begin, self.box[3]), [*inside, ground, moved])

    def _framed(self, view: Box, inside: Sequence[str]) -> str:
        x, y, wide, high = (written(each) for each in view)
        return (f'<svg xmlns="{SPACE}" viewBox="{x} {y} {wide} {high}" width="{wide}" height="{high}" font-family="{FAMILY}">'
                f"{''.join(inside)}</svg>")

    def _head(self) -> float:
        """How wide the names of pools and lanes are together, with the margin before them."""
        return max((band.box[0] + band.box[2] for band in self.bands), default=self.box[0]) - self.box[0]

    def _cuts(self, wide: float) -> list[float]:
        left, length = self.box[0], self.box[2]
        count = min(max(math.ceil((length - wide * 0.15) / wide), 1), MOST_STRIPS)
        inner = [self._cut(left + length * n / count, length / count) for n in range(1, count)]
        return [left, *inner, left + length]

    def _cut(self, near: float, step: float) -> float:
        """A place to cut: as near as may be, through as few elements as may be."""
        tried = [near + step * 0.18 * each / 24 for each in range(-24, 25)]
        return min(tried, key=lambda x: (sum(box[0] - 4 < x < box[0] + box[2] + 4 for box in self.solids), abs(x - near)))


def drawings(data: bytes, file: str, language: str = "zh") -> tuple[Drawing, ...]:
    """The pictures in a BPMN file, one a plane that has anything on it; labels in `language`.

    Raises `DeploymentRefused` for what is not BPMN. A file without a picture gives none.
    """
    root = tree(data, file)
    file_of = _File(root, language)
    planes = (plane for holder in root.iter(f"{{{BPMNDI}}}BPMNDiagram") for plane in holder.iter(f"{{{BPMNDI}}}BPMNPlane"))
    found = (file_of.drawing(plane) for plane in planes)
    return tuple(each for each in found if each is not None)


class _File:
    """The elements of a file by id, and how one plane of it is drawn."""

    def __init__(self, root: Node, language: str) -> None:
        self.nodes = {str(node.get("id")): node for node in root.iter(f"{{{BPMN}}}*") if node.get("id")}
        self.language = language

    def drawing(self, plane: Node) -> Drawing | None:
        """One plane drawn; None where nothing is on it."""
        marked = [node for node in plane if reference(node.get("bpmnElement"))]
        here = {reference(node.get("bpmnElement")) for node in marked}
        shapes = sorted((shape for node in marked if (shape := self._shape(node, here)) is not None), key=_rank)
        edges = [edge for node in marked if (edge := self._edge(node)) is not None]
        below = [shape for shape in shapes if _is_below(shape)]
        above = [shape for shape in shapes if not _is_below(shape)]
        lower = [each for shape in below for each in svg_nodes.drawn(shape)]
        drawn = [*sorted(lower, key=lambda part: part[1].tag == "text"),  # no sub-process covers the name of a lane
                 *(each for edge in edges for each in svg_edges.drawn(edge)),
                 *(each for shape in above for each in svg_nodes.drawn(shape))]
        if not drawn:
            return None
        element = reference(plane.get("bpmnElement")) or ""
        labels = [box for box, node in drawn if node.tag == "text" and box[2] < STRIP / 3]
        bands = [found for shape in below if (found := svg_nodes.band(shape)) is not None]
        return Drawing(
            element=element, title=self._name(self.nodes.get(element)), box=_bounds([box for box, _ in drawn]),
            pieces=tuple(Piece(box, text_of(node)) for box, node in drawn),
            bands=tuple(Piece(box, text_of(node)) for box, node in bands), solids=(*(shape.box for shape in above), *labels))

    def _shape(self, node: Node, here: set[str | None]) -> Shape | None:
        box = _box(node)
        name = reference(node.get("bpmnElement"))
        if box is None or name is None or local(node) != "BPMNShape":
            return None
        source = self.nodes.get(name)
        tag = local(source) if source is not None else ""
        return Shape(
            id=name, tag=tag, source=source, box=box, label=_label(node), name=self._name(source),
            stroke=_colour(node, STROKES, LINE), fill=_colour(node, FILLS, PAPER),
            is_horizontal=is_true(node.get("isHorizontal"), absent=True),
            is_expanded=self._is_expanded(node, source, here), has_marker=is_true(node.get("isMarkerVisible"), absent=True))

    def _is_expanded(self, node: Node, source: Node | None, here: set[str | None]) -> bool:
        """A pool with a process, a lane; a sub-process that says so, or that says nothing and has its inside drawn here."""
        tag = local(source) if source is not None else ""
        if source is None or tag == "lane":
            return source is not None
        if tag == "participant":
            return bool(source.get("processRef"))
        if tag == "callActivity":
            box = _box(node)
            return box is not None and box[3] > TALL and is_true(node.get("isExpanded"))
        inside = tag in SUB_PROCESSES and any(each.get("id") in here for each in children(source))
        return tag in SUB_PROCESSES and is_true(node.get("isExpanded"), absent=inside)

    def _edge(self, node: Node) -> Edge | None:
        name = reference(node.get("bpmnElement"))
        places = [(number(point.get("x")), number(point.get("y"))) for point in node.findall(WAYPOINT)]
        way = tuple((x, y) for x, y in places if x is not None and y is not None and max(abs(x), abs(y)) <= FAR)
        if name is None or len(way) < 2 or local(node) != "BPMNEdge":
            return None
        source = self.nodes.get(name)
        begin = self.nodes.get(reference(source.get("sourceRef")) or "") if source is not None else None
        return Edge(id=name, tag=local(source) if source is not None else "", source=source, way=way, label=_label(node),
                    name=self._name(source), stroke=_colour(node, STROKES, LINE), begins_at=begin)

    def _name(self, source: Node | None) -> str:
        """What is written on an element; a pool without an English name has that of its process."""
        if source is None:
            return ""
        english = properties(source).get("name_en", "").strip()
        process = self.nodes.get(reference(source.get("processRef")) or "")
        if local(source) == "group":
            category = self.nodes.get(reference(source.get("categoryValueRef")) or "")
            return category.get("value", "").strip() if category is not None else ""
        if process is not None:
            english = english or properties(process).get("name_en", "").strip()
        return svg_nodes.words(source, self.language, english) or self._name(process)


def _is_below(shape: Shape) -> bool:
    return shape.tag in CONTAINERS or shape.is_expanded


def _rank(shape: Shape) -> tuple[int, float]:
    """Large containers first, what is attached to another element last."""
    if _is_below(shape):
        return (0, -shape.box[2] * shape.box[3]) if shape.tag != "group" else (1, 0)
    return (3 if shape.tag == "boundaryEvent" else 2, 0)


def _bounds(boxes: Sequence[Box]) -> Box:
    corners = [corner for x, y, wide, high in boxes for corner in ((x, y), (x + wide, y + high))]
    x, y, wide, high = around(corners)
    return x - MARGIN, y - MARGIN, wide + 2 * MARGIN, high + 2 * MARGIN


def _box(node: Node) -> Box | None:
    bounds = node.find(BOUNDS)
    found = [number(bounds.get(name)) for name in ("x", "y", "width", "height")] if bounds is not None else []
    sure = [each for each in found if each is not None]
    is_here = len(sure) == 4 and all(abs(each) <= FAR for each in sure)
    return (sure[0], sure[1], max(sure[2], 1.0), max(sure[3], 1.0)) if is_here else None


def _label(node: Node) -> Box | None:
    label = node.find(f"{{{BPMNDI}}}BPMNLabel")
    return _box(label) if label is not None else None


def _colour(node: Node, names: tuple[str, ...], absent: str) -> str:
    """A colour that a modelling tool wrote, whatever its namespace; only `#rgb` and `#rrggbb` are taken."""
    return next((found for found in _written(node, names) if COLOUR.fullmatch(found)), absent)


def _written(node: Node, names: tuple[str, ...]) -> Iterator[str]:
    named = ((str(key).rpartition("}"), str(value)) for key, value in node.attrib.items())
    return (value for (_space, brace, name), value in named if brace and name in names)
