"""Pools, lanes, activities, events, gateways and data as SVG, at the bounds that the file gives them. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from engine.diagram import svg_symbols
from engine.diagram.events import definitions, kind_of
from engine.diagram.names import Node as Source
from engine.diagram.names import child, children, is_true, local, text
from engine.diagram.svg_shapes import LINE, PAPER, Node, path, svg
from engine.diagram.svg_text import LINE as LINE_HEIGHT
from engine.diagram.svg_text import SMALL, centred, fitted, upright, width, wrapped, written

Box = tuple[float, float, float, float]
BAND = 30.0
"""How wide the name of a pool or lane is."""
LABEL = 90.0
"""How wide the label beside an event, gateway or data object may be at least."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the picture has at one place. `source` is None where the file has no such element; `label` its label's bounds."""

    id: str
    tag: str
    source: Source | None
    box: Box
    label: Box | None
    name: str
    stroke: str = LINE
    fill: str = PAPER
    is_horizontal: bool = True
    is_expanded: bool = False
    has_marker: bool = True


Part = tuple[Box, Node]
"""What is drawn, and the place that it takes."""


def drawn(shape: Shape) -> list[Part]:
    """The parts of one shape: itself, and its label where that stands outside of it."""
    make = DRAWERS.get(shape.tag)
    if make is None:
        make = _event if shape.tag.endswith("Event") else _gateway if shape.tag.endswith("Gateway") else _plain
    return list(make(shape))


def band(shape: Shape) -> tuple[Box, Node] | None:
    """The strip with the name of a horizontal pool or lane, to be repeated where a picture goes on; None for others."""
    if shape.tag not in ("participant", "lane") or not shape.is_horizontal or not shape.is_expanded:
        return None
    x, y, _wide, high = shape.box
    strip = (x, y, BAND, high)
    found = svg("g")
    found.extend([_rect(strip, shape), upright(shape.name, _inner(strip))])
    return strip, found


# ------------------------------------------------------------------ pools and lanes
def _pool(shape: Shape) -> Iterator[Part]:
    x, y, wide, high = shape.box
    yield shape.box, _rect(shape.box, shape, fill=shape.fill if shape.tag == "participant" else "none")
    if not shape.is_expanded:
        yield shape.box, centred(shape.name, _inner(shape.box))
    elif shape.is_horizontal:
        if shape.tag == "participant":
            yield shape.box, path(f"M{x + BAND:g} {y:g}V{y + high:g}", stroke=shape.stroke)
        yield (x, y, BAND, high), upright(shape.name, _inner((x, y, BAND, high)))
    else:
        if shape.tag == "participant":
            yield shape.box, path(f"M{x:g} {y + BAND:g}H{x + wide:g}", stroke=shape.stroke)
        yield (x, y, wide, BAND), centred(shape.name, _inner((x, y, wide, BAND)))


# ------------------------------------------------------------------ activities
def _activity(shape: Shape) -> Iterator[Part]:
    x, y, wide, high = shape.box
    yield shape.box, _rect(shape.box, shape, round_by=10, thick=3 if shape.tag == "callActivity" else 1.5, dashes=_dashes(shape))
    if shape.tag == "transaction":
        yield shape.box, _rect((x + 3, y + 3, wide - 6, high - 6), shape, round_by=8)
    sign = svg_symbols.task(shape.tag, (x + 5, y + 5), shape.stroke)
    if sign is not None:
        yield shape.box, sign
    marks = list(_marks(shape))
    begin = x + wide / 2 - len(marks) * 9 + 2
    for number, kind in enumerate(marks):
        yield shape.box, svg_symbols.mark(kind, (begin + number * 18, y + high - 17), shape.stroke)
    if shape.is_expanded:
        yield label(wrapped(shape.name, wide - 16, 12), x + wide / 2, y + 5, 12)
    else:
        above, below = (14 if sign is not None else 4), (17 if marks else 6)
        yield shape.box, centred(shape.name, (x + 5, y + above, wide - 10, high - above - below))


def _dashes(shape: Shape) -> str:
    return "2 4" if shape.source is not None and is_true(shape.source.get("triggeredByEvent")) else ""


def _marks(shape: Shape) -> Iterator[str]:
    source = shape.source
    if source is None:
        return
    loop = child(source, "multiInstanceLoopCharacteristics")
    if loop is not None:
        yield "sequential" if is_true(loop.get("isSequential")) else "parallel"
    elif child(source, "standardLoopCharacteristics") is not None:
        yield "loop"
    if is_true(source.get("isForCompensation")):
        yield "compensation"
    if shape.tag == "adHocSubProcess":
        yield "adHoc"
    if shape.tag in ("subProcess", "transaction", "adHocSubProcess") and not shape.is_expanded:
        yield "collapsed"


# ------------------------------------------------------------------ events and gateways
def _event(shape: Shape) -> Iterator[Part]:
    x, y, wide, high = shape.box
    dashes = "" if _interrupts(shape) else "5 4"
    throws = shape.tag in ("endEvent", "intermediateThrowEvent")
    yield shape.box, _circle(shape, thick=3.5 if shape.tag == "endEvent" else 1.5, dashes=dashes, fill=shape.fill)
    if shape.tag not in ("startEvent", "endEvent"):
        yield shape.box, _circle(shape, 3.5, dashes=dashes)
    middle, size = (x + wide / 2, y + high / 2), min(wide, high) * 0.55
    sign = svg_symbols.event(_definition(shape.source), middle, size, shape.stroke, throws=throws)
    if sign is not None:
        yield shape.box, sign
    yield from outside(shape)


def _interrupts(shape: Shape) -> bool:
    if shape.source is None:
        return True
    name = "cancelActivity" if shape.tag == "boundaryEvent" else "isInterrupting"
    return is_true(shape.source.get(name), absent=True)


def _definition(source: Source | None) -> str:
    found = definitions(source) if source is not None else []
    if source is None or (not found and child(source, "eventDefinitionRef") is None):
        return ""
    if len(found) == 1:
        return kind_of(found[0])
    return "parallelMultiple" if is_true(source.get("parallelMultiple")) else "multiple"


def _gateway(shape: Shape) -> Iterator[Part]:
    x, y, wide, high = shape.box
    corners = f"M{x + wide / 2:g} {y:g}L{x + wide:g} {y + high / 2:g}L{x + wide / 2:g} {y + high:g}L{x:g} {y + high / 2:g}Z"
    yield shape.box, path(corners, stroke=shape.stroke, fill=shape.fill, stroke_linejoin="round")
    if shape.tag != "exclusiveGateway" or shape.has_marker:
        middle = (x + wide / 2, y + high / 2)
        size = min(wide, high) * (0.56 if shape.tag == "eventBasedGateway" else 0.46)
        yield from ((shape.box, each) for each in svg_symbols.gateway(shape.tag, middle, size, shape.stroke))
    yield from outside(shape)


# ------------------------------------------------------------------ data, notes, the rest
def _data(shape: Shape) -> Iterator[Part]:
    x, y, wide, high = shape.box
    fold = min(wide, high) * 0.3
    page = f"M{x:g} {y:g}H{x + wide - fold:g}L{x + wide:g} {y + fold:g}V{y + high:g}H{x:g}Z"
    yield shape.box, path(page, stroke=shape.stroke, fill=shape.fill)
    yield shape.box, path(f"M{x + wide - fold:g} {y:g}V{y + fold:g}H{x + wide:g}", stroke=shape.stroke)
    if shape.tag in ("dataInput", "dataOutput"):
        arrow = f"M{x + 5:g} {y + 8:g}H{x + 11:g}V{y + 5:g}L{x + 17:g} {y + 10:g}L{x + 11:g} {y + 15:g}V{y + 12:g}H{x + 5:g}Z"
        yield shape.box, path(arrow, stroke=shape.stroke, fill=shape.stroke if shape.tag == "dataOutput" else "none", width=1)
    yield from outside(shape)


def _store(shape: Shape) -> Iterator[Part]:
    x, y, wide, high = shape.box
    lid = high * 0.15
    arc = f"A{wide / 2:g} {lid:g} 0 0"
    body = f"M{x:g} {y + lid:g}V{y + high - lid:g}{arc} 0 {x + wide:g} {y + high - lid:g}V{y + lid:g}"
    whole = f"{body}{arc} 0 {x:g} {y + lid:g}{arc} 1 {x + wide:g} {y + lid:g}"
    yield shape.box, path(whole, stroke=shape.stroke, fill=shape.fill)
    yield from outside(shape)


def _note(shape: Shape) -> Iterator[Part]:
    x, y, wide, high = shape.box
    yield shape.box, path(f"M{x + 10:g} {y:g}H{x:g}V{y + high:g}H{x + 10:g}", stroke=shape.stroke)
    lines, size = fitted(shape.name, max(wide - 10, 20), high - 4)
    yield shape.box, written(lines, (x + 7, y + 4), size, anchor="start")


def _frame(shape: Shape) -> Iterator[Part]:
    x, y, wide, _high = shape.box
    yield shape.box, _rect(shape.box, shape, round_by=10, dashes="8 4 2 4", fill="none")
    yield shape.box, written(wrapped(shape.name, wide, SMALL), (x + wide / 2, y + 4), SMALL)


def _plain(shape: Shape) -> Iterator[Part]:
    """What has no form of its own here: its bounds and its name."""
    yield shape.box, _rect(shape.box, shape, dashes="" if shape.source is not None else "4 3")
    yield shape.box, centred(shape.name or shape.id, _inner(shape.box))


DRAWERS: Mapping[str, Callable[[Shape], Iterator[Part]]] = {
    "participant": _pool, "lane": _pool, "textAnnotation": _note, "group": _frame, "dataStoreReference": _store,
    **dict.fromkeys(("dataObject", "dataObjectReference", "dataInput", "dataOutput"), _data),
    **dict.fromkeys(("task", "userTask", "serviceTask", "sendTask", "receiveTask", "manualTask", "businessRuleTask", "scriptTask",
                     "callActivity", "subProcess", "transaction", "adHocSubProcess"), _activity),
}


# ------------------------------------------------------------------ labels beside
def outside(shape: Shape) -> Iterator[Part]:
    """The label beside a shape: where the file has it, growing away from the shape; else below."""
    if not shape.name:
        return
    x, y, wide, high = shape.box
    place = shape.label or (x + wide / 2 - LABEL / 2, y + high + 5, LABEL, 14)
    lines = wrapped(shape.name, max(place[2], LABEL), SMALL)
    tall = len(lines) * SMALL * LINE_HEIGHT
    top = place[1]
    if place[1] + place[3] <= y + 2:
        top = place[1] + place[3] - tall
    elif place[1] < y + high - 2:
        top = place[1] + (place[3] - tall) / 2
    yield label(lines, place[0] + place[2] / 2, top)


def label(lines: list[str], middle: float, top: float, size: float = SMALL) -> Part:
    """Lines of a label around `middle`, and the place that they take."""
    wide = max((width(line, size) for line in lines), default=0.0)
    taken = (middle - wide / 2, top, wide, len(lines) * size * LINE_HEIGHT)
    return taken, written(lines, (middle, top), size)


def words(source: Source | None, language: str, name_en: str) -> str:
    """What is written on an element: an annotation's text, a group's category, else its name."""
    if source is None:
        return ""
    if local(source) == "textAnnotation":
        name = " ".join(filter(None, (text(each) for each in children(source, "text"))))
    else:
        name = source.get("name", "").strip()
    return (name_en or name) if language == "en" else (name or name_en)


# ------------------------------------------------------------------ small shapes
def _rect(box: Box, shape: Shape, *, round_by: float = 0, thick: float = 1.5, dashes: str = "", fill: str | None = None) -> Node:
    found = svg("rect", x=box[0], y=box[1], width=box[2], height=box[3], stroke=shape.stroke,
                fill=shape.fill if fill is None else fill, stroke_width=thick)
    if round_by:
        found.set("rx", f"{round_by:g}")
    if dashes:
        found.set("stroke-dasharray", dashes)
    return found


def _circle(shape: Shape, smaller: float = 0, *, thick: float = 1.5, dashes: str = "", fill: str = "none") -> Node:
    x, y, wide, high = shape.box
    found = svg("circle", cx=x + wide / 2, cy=y + high / 2, r=max(min(wide, high) / 2 - smaller, 0), stroke=shape.stroke,
                fill=fill, stroke_width=thick)
    if dashes:
        found.set("stroke-dasharray", dashes)
    return found


def _inner(box: Box) -> Box:
    return box[0] + 3, box[1] + 3, max(box[2] - 6, 6), max(box[3] - 6, 6)
