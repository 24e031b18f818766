"""Labels of a picture: how wide words are, where their lines break, and at what size they fit. Pure.

Chinese breaks between any two characters, except before a closing mark and after an opening one (GB/T 15834); English between
words. Nothing is cut off: what does not fit at the smallest size goes on below.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from engine.diagram.svg_shapes import Node, Numbers, svg

SIZES = (12.0, 11.0, 10.0, 9.0, 8.0)
SMALL = 11.0
LINE = 1.2
NOT_FIRST = frozenset("，。、；：？！）》】”’…—·,.;:?!)]}%")
NOT_LAST = frozenset("（《【“‘([{")
INK = "#1b1f24"


def width(text: str, size: float) -> float:
    """How wide a line is, a little on the wide side."""
    return sum(map(_em, text)) * size


def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WFA":
        return 1.0
    if letter in " ilj.,;:'!|()[]ft":
        return 0.33
    return 0.9 if letter in "mwMW@%" else 0.68 if letter.isupper() else 0.57


def wrapped(text: str, most: float, size: float) -> list[str]:
    """The lines of a text that is `most` wide, about equally long; a word that is wider by itself is broken."""
    found, widest = _filled(text, most, size), max((width(part.strip(), size) for part in _parts(text)), default=0)
    closer, most = found, most - size / 2
    while len(closer) == len(found) > 1 and most >= widest:
        found, closer, most = closer, _filled(text, most, size), most - size / 2
    return closer if len(closer) == len(found) else found


def _filled(text: str, most: float, size: float) -> list[str]:
    """The lines, each as full as can be."""
    lines, line = [], ""
    for part in _parts(text):
        if line.strip() and width((line + part).rstrip(), size) > most:
            lines.append(line.strip())
            line = ""
        line += part
        while width(line.rstrip(), size) > most and len(line) > 1:
            cut = _broken(line, most, size)
            lines.append(line[:cut].strip())
            line = line[cut:]
    return [*lines, line.strip()] if line.strip() else lines


def fitted(text: str, wide: float, high: float) -> tuple[list[str], float]:
    """The lines of a text in a box, and the largest size at which they fit without breaking a word; else the smallest."""
    for size in SIZES:
        lines = wrapped(text, wide, size)
        if len(lines) * size * LINE <= high and all(width(part.strip(), size) <= wide for part in _parts(text)):
            return lines, size
    return wrapped(text, wide, SIZES[-1]), SIZES[-1]


def written(lines: Sequence[str], place: tuple[float, float], size: float, *, anchor: str = "middle", weight: str = "",
            turned: Numbers = ()) -> Node:
    """Lines as SVG text: `place` is the middle of the first line's top edge (its begin for the anchor `start`)."""
    more = {"font-weight": weight} if weight else {}
    if turned:
        more["transform"] = "rotate({:g} {:g} {:g})".format(*turned)
    found = svg("text", x=place[0], y=place[1], fill=INK, font_size=size, text_anchor=anchor, **more)
    for number, line in enumerate(lines):
        found.append(svg("tspan", line, x=place[0], y=place[1] + size * (0.92 + number * LINE)))
    return found


def centred(text: str, box: tuple[float, float, float, float], *, weight: str = "") -> Node:
    """A text in the middle of a box."""
    x, y, wide, high = box
    lines, size = fitted(text, wide, high)
    return written(lines, (x + wide / 2, y + (high - len(lines) * size * LINE) / 2), size, weight=weight)


def upright(text: str, box: tuple[float, float, float, float]) -> Node:
    """A text turned a quarter to the left in the middle of a box: the name of a pool or lane."""
    x, y, wide, high = box
    lines, size = fitted(text, high, wide)
    middle = x + wide / 2, y + high / 2
    return written(lines, (middle[0], middle[1] - len(lines) * size * LINE / 2), size, turned=(-90.0, *middle))


def _parts(text: str) -> Iterator[str]:
    """What may not be broken: a word with the space behind it, a Chinese character with its marks."""
    part = ""
    for letter in " ".join(text.split()):
        if part and _may_break(part[-1], letter):
            yield part
            part = ""
        part += letter
    if part:
        yield part


def _may_break(before: str, after: str) -> bool:
    if after == " " or after in NOT_FIRST or before in NOT_LAST:
        return False
    return before == " " or _is_chinese(before) or _is_chinese(after) or before in "/-_"


def _is_chinese(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _broken(line: str, most: float, size: float) -> int:
    """How many letters of a line fit, at least one."""
    found = next((n for n in range(2, len(line) + 1) if width(line[:n], size) > most), len(line) + 1)
    return found - 1
