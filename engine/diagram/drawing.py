"""The picture: is everything drawn, and with numbers."""

from collections.abc import Iterator

from engine.diagram.picture import BOUNDS, WAYPOINT, drawn, number
from engine.diagram.sources import Source
from engine.errors import Problem

COORDINATES = ("x", "y", "width", "height")


def problems(source: Source) -> Iterator[Problem]:
    """Elements that are not drawn, and coordinates that are no numbers."""
    if not source.diagram.shapes and source.processes:
        yield source.problem("picture_missing")
    else:
        for process in source.processes:
            yield from (source.problem("shape_missing", name) for name in (*process.elements, *process.flows)
                        if name not in source.diagram.shapes)
    for node in source.root.iter(BOUNDS, WAYPOINT):
        for field in COORDINATES:
            written = node.get(field)
            if written is not None and number(written) is None:
                yield source.problem("picture_number", drawn(node), field, found=written)

