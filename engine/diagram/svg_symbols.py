"""The marks that tell BPMN elements apart (BPMN 2.0 §7.4, §10): of events, tasks, gateways, repetition and data. Pure.

A symbol stands in a square of 20 by 20. `body` is what a throwing event fills, `line` is what is drawn on it.
"""

from collections.abc import Mapping

from engine.diagram.svg_shapes import DARK, LINE, PAPER, Node, group, number, path

ENVELOPE = "M2 5H18V15.5H2Z"
FLAP = "M2 5L10 11L18 5"
EVENTS: Mapping[str, tuple[str, str]] = {
    "message": (ENVELOPE, FLAP),
    "timer": ("M10 2A8 8 0 1 1 9.99 2Z", "M10 5.5V10L13.5 12M10 2V3.5M10 16.5V18M2 10H3.5M16.5 10H18"),
    "error": ("M2.5 17L7 4.5L12.5 11L17.5 3L13 16L8 9.5Z", ""),
    "escalation": ("M10 2L16 17.5L10 11.5L4 17.5Z", ""),
    "signal": ("M10 3L18 16.5H2Z", ""),
    "conditional": ("M4 2H16V18H4Z", "M6.5 6H13.5M6.5 10H13.5M6.5 14H13.5"),
    "link": ("M2 7.5H11V4L18 10L11 16V12.5H2Z", ""),
    "compensation": ("M10 4V16L2.5 10ZM17.5 4V16L10 10Z", ""),
    "cancel": ("M4 2L10 8L16 2L18 4L12 10L18 16L16 18L10 12L4 18L2 16L8 10L2 4Z", ""),
    "terminate": ("M10 2.5A7.5 7.5 0 1 1 9.99 2.5Z", ""),
    "multiple": ("M10 2L18 8L15 17.5H5L2 8Z", ""),
    "parallelMultiple": ("M8 2H12V8H18V12H12V18H8V12H2V8H8Z", ""),
}
TASKS: Mapping[str, tuple[str, str]] = {
    "userTask": ("M10 2A3.8 3.8 0 1 1 9.99 2ZM2.5 18.5C2.5 12.5 6 10.5 10 10.5S17.5 12.5 17.5 18.5Z", ""),
    "serviceTask": (("M8.5 2H11.5L12 4.5L14 5.5L16.5 4.5L18.5 7L16.5 9V11L18.5 13L16.5 15.5L14 14.5L12 15.5L11.5 18H8.5L8 15.5"
                     "L6 14.5L3.5 15.5L1.5 13L3.5 11V9L1.5 7L3.5 4.5L6 5.5L8 4.5Z"), "M10 7A3 3 0 1 1 9.99 7Z"),
    "sendTask": (ENVELOPE, FLAP),
    "receiveTask": (ENVELOPE, FLAP),
    "manualTask": ("M2 9L9 3.5L10.5 5.5L8 8H17.5V10.5H18.5V13H17.5V15.5H15.5V17.5H5L2 14.5Z",
                   "M10.5 10.5H18M10.5 13H18M10.5 15.5H16"),
    "businessRuleTask": ("M2 4H18V16.5H2Z", "M2 8H18M2 12.25H18M7 8V16.5"),
    "scriptTask": ("M6 2H17C14 5 14 7 16 10S17 15 14 18H3C6 15 6 13 4 10S3 5 6 2Z", "M7 6H13M6.5 10H13M7.5 14H14"),
}
GATEWAYS: Mapping[str, str] = {
    "exclusiveGateway": "M5 4L15 16M15 4L5 16", "parallelGateway": "M10 2V18M2 10H18",
    "inclusiveGateway": "M10 3A7 7 0 1 1 9.99 3Z",
    "complexGateway": "M10 2V18M2 10H18M4.5 4.5L15.5 15.5M15.5 4.5L4.5 15.5",
}
MARKS: Mapping[str, tuple[str, str]] = {  # below a task: what is drawn, what is filled
    "parallel": ("M5 4V16M10 4V16M15 4V16", ""), "sequential": ("M4 5H16M4 10H16M4 15H16", ""),
    "loop": ("M7 17.5A7.5 7.5 0 1 1 12.5 17.5M7 17.5V13M7 17.5H2.5", ""),
    "collapsed": ("M3 3H17V17H3ZM10 6V14M6 10H14", ""),
    "adHoc": ("M3 12C6 5 8 8 10 10S14 14 17 8", ""), "compensation": ("", "M10 4V16L2.5 10ZM17.5 4V16L10 10Z"),
}
THIN = 1.3


def event(kind: str, middle: tuple[float, float], size: float, ink: str = LINE, *, throws: bool) -> Node | None:
    """What an event waits for or throws; None for a plain one."""
    if kind not in EVENTS:
        return None
    return _symbol(EVENTS[kind], _square(middle, size), ink, is_filled=throws or kind == "terminate")


def task(kind: str, corner: tuple[float, float], ink: str = LINE) -> Node | None:
    """The small sign in the corner of a task; None for a plain one."""
    if kind not in TASKS:
        return None
    return _symbol(TASKS[kind], (*corner, 0.8), ink, is_filled=kind == "sendTask")


def gateway(kind: str, middle: tuple[float, float], size: float, ink: str = LINE) -> list[Node]:
    """The sign in a gateway."""
    place = _square(middle, size)
    if kind == "eventBasedGateway":
        rings = "M10 0A10 10 0 1 1 9.99 0ZM10 1.8A8.2 8.2 0 1 1 9.99 1.8Z"
        inner = "M10 4.5L15.5 8.5L13.5 14.5H6.5L4.5 8.5Z"
        return [_placed([path(rings, stroke=ink, width=0.9), path(inner, stroke=ink, width=0.9)], place)]
    return [_placed([path(GATEWAYS[kind], stroke=ink, width=2.4)], place)] if kind in GATEWAYS else []


def mark(kind: str, corner: tuple[float, float], ink: str = LINE) -> Node:
    """A mark of repetition, collapse, ad hoc or compensation, 14 wide."""
    drawn, filled = MARKS[kind]
    parts = [path(drawn, stroke=ink, width=1.8)] if drawn else [path(filled, stroke=ink, fill=ink, width=1)]
    return _placed(parts, (*corner, 0.7))


def _square(middle: tuple[float, float], size: float) -> tuple[float, float, float]:
    return middle[0] - size / 2, middle[1] - size / 2, size / 20


def _symbol(form: tuple[str, str], place: tuple[float, float, float], ink: str, *, is_filled: bool) -> Node:
    parts = [path(form[0], stroke=ink, fill=DARK if is_filled else PAPER, width=THIN, stroke_linejoin="round")]
    if form[1]:
        parts.append(path(form[1], stroke=PAPER if is_filled else ink, width=THIN))
    return _placed(parts, place)


def _placed(parts: list[Node], place: tuple[float, float, float]) -> Node:
    x, y, scale = (number(each) for each in place)
    return group(*parts, transform=f"translate({x} {y}) scale({scale})")
