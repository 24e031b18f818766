"""Nodes of an SVG picture: made as XML, so that no label can ever be read as markup. Presentation attributes only, no style."""

from lxml import etree

Node = etree._Element
Numbers = tuple[float, ...]
SPACE = "http://www.w3.org/2000/svg"
LINE, PAPER, DARK = "#22272e", "#ffffff", "#22272e"


def svg(tag: str, text: str = "", /, **attributes: str | float) -> Node:
    """A node; `stroke_width=2` becomes `stroke-width="2"`. Numbers have two decimals at most."""
    found = etree.Element(tag)
    for name, value in attributes.items():
        found.set(name.replace("_", "-"), value if isinstance(value, str) else number(value))
    if text:
        found.text = text
    return found


def group(*parts: Node, **attributes: str | float) -> Node:
    """A `<g>` of parts."""
    found = svg("g", **attributes)
    found.extend(parts)
    return found


def number(value: float) -> str:
    """A coordinate as short as it is exact to a hundredth."""
    return f"{round(value, 2):.10g}"


def path(data: str, *, stroke: str = LINE, fill: str = "none", width: float = 1.5, **more: str | float) -> Node:
    """A `<path>`."""
    return svg("path", d=data, stroke=stroke, fill=fill, stroke_width=width, **more)


def points(places: tuple[tuple[float, float], ...]) -> str:
    """The attribute `points`."""
    return " ".join(f"{number(x)},{number(y)}" for x, y in places)


def text_of(node: Node) -> str:
    """A node as text, as it stands in a page."""
    return str(etree.tostring(node, encoding="unicode", with_tail=False))
