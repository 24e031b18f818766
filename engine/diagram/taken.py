"""The way that a case took, laid over a picture that `svg` drew: outlines of what was passed, lines along the flows taken."""

from collections.abc import Mapping, Set

from engine.diagram.model import Shape
from engine.diagram.svg_shapes import points, svg, text_of

PASSED, HERE = "#2f9e44", "#1c7ed6"
WIDE = 4.0


def marked(picture: str, shapes: Mapping[str, Shape], *, done: Set[str], flows: Set[str], here: Set[str] = frozenset()) -> str:
    """`picture` (an `<svg>`) with the elements `done` and flows `flows` in green, those where the case is (`here`) in blue."""
    lines = [_line(shapes[each]) for each in sorted(flows) if each in shapes and len(shapes[each].waypoints) > 1]
    boxes = [_box(shapes[each], HERE if each in here else PASSED) for each in sorted(done | here)
             if each in shapes and shapes[each].bounds]
    return picture.removesuffix("</svg>") + "".join([*lines, *boxes]) + "</svg>"


def _line(shape: Shape) -> str:
    return text_of(svg("polyline", points=points(shape.waypoints), fill="none", stroke=PASSED, stroke_opacity=0.55,
                       stroke_width=WIDE))


def _box(shape: Shape, colour: str) -> str:
    x, y, wide, high = shape.bounds or (0.0, 0.0, 0.0, 0.0)
    return text_of(svg("rect", x=x - WIDE / 2, y=y - WIDE / 2, width=wide + WIDE, height=high + WIDE, rx=10, fill="none",
                       stroke=colour, stroke_width=WIDE))
