"""The picture as SVG: everything that the file draws is there, at its place, in full, and nothing in it can be run."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from engine.diagram import svg
from engine.diagram.model import Diagram, Element, Flow
from engine.diagram.read import read
from engine.diagram.svg_shapes import SPACE
from engine.diagram.svg_text import fitted, width, wrapped
from engine.errors import DeploymentRefused
from engine.settings import ROOT

SHIPPED = [pytest.param(path, id=path.stem) for path in sorted((ROOT / "bpmn").glob("*.bpmn"))]
FOREIGN = [pytest.param(path, id=path.stem) for path in sorted((ROOT / "tests" / "miwg").glob("*.bpmn"))]
LANGUAGES = ("zh", "en")
HOSTILE = "</svg><script>alert(1)</script>&\"'<img src=x onerror=alert(2)>"


def picture(path: Path, language: str = "zh") -> svg.Drawing:
    (found,) = svg.drawings(path.read_bytes(), path.name, language)
    return found


def xml(text: str) -> etree._Element:
    return etree.fromstring(text)


def tags(root: etree._Element, tag: str) -> Iterator[etree._Element]:
    return root.iter(f"{{{SPACE}}}{tag}")


def words(root: etree._Element) -> set[str]:
    """Every label without its spaces, as they go where a line breaks."""
    return {_plain("".join(map(str, node.itertext()))) for node in tags(root, "text")}


def _plain(text: str) -> str:
    return "".join(text.split())


def near(number: str | None) -> int:
    return round(float(number or "nan"))


def boxes(root: etree._Element) -> set[tuple[int, ...]]:
    return {tuple(near(each.get(name)) for name in ("x", "y", "width", "height")) for each in tags(root, "rect")}


def circles(root: etree._Element) -> set[tuple[int, ...]]:
    return {(near(each.get("cx")), near(each.get("cy"))) for each in tags(root, "circle")}


def corners(root: etree._Element) -> set[tuple[int, int]]:
    """The first point of every path."""
    found = (re.match(r"M(-?[\d.]+) (-?[\d.]+)", each.get("d", "")) for each in tags(root, "path"))
    return {(near(each[1]), near(each[2])) for each in found if each}


def is_drawn(diagram: Diagram, element: str, root: etree._Element) -> bool:
    x, y, wide, high = diagram.shapes[element].bounds or (0, 0, 0, 0)
    tag = next((p.elements[element].type for p in diagram.processes.values() if element in p.elements), "")
    if tag.endswith("Event"):
        return (round(x + wide / 2), round(y + high / 2)) in circles(root)
    if tag.endswith("Gateway"):
        return (round(x + wide / 2), round(y)) in corners(root)
    return tuple(map(round, (x, y, wide, high))) in boxes(root)


@pytest.mark.parametrize("path", SHIPPED)
def test_every_shape_is_at_its_coordinates(path: Path) -> None:
    diagram, root = read(path.read_bytes(), path.name), xml(picture(path).whole())
    nodes = [name for name, shape in diagram.shapes.items() if shape.bounds]
    assert len(nodes) > 10
    assert [name for name in nodes if not is_drawn(diagram, name, root)] == []


@pytest.mark.parametrize("path", SHIPPED)
def test_every_flow_goes_through_its_waypoints(path: Path) -> None:
    diagram, root = read(path.read_bytes(), path.name), xml(picture(path).whole())
    lines = {each.get("points", "").rpartition(" ")[0] for each in tags(root, "polyline")}
    written = {name: " ".join(f"{x:g},{y:g}" for x, y in shape.waypoints[:-1])
               for name, shape in diagram.shapes.items() if shape.waypoints}
    assert [name for name, line in written.items() if line not in lines] == []
    tips = {each.get("points", "").split(" ")[0] for each in tags(root, "polygon")}
    ends = {name: "{:g},{:g}".format(*shape.waypoints[-1]) for name, shape in diagram.shapes.items() if shape.waypoints}
    assert [name for name, end in ends.items() if end not in tips] == []  # and an arrow stands at its end


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", SHIPPED)
def test_every_label_is_there_in_full(path: Path, language: str) -> None:
    diagram, found = read(path.read_bytes(), path.name), words(xml(picture(path, language).whole()))
    for process in diagram.processes.values():
        rows: list[Element | Flow] = [*process.elements.values(), *process.flows.values()]
        named = {_plain(row.name_en if language == "en" else row.name) for row in rows if row.name} - {""}
        pool = _plain(process.name_en if language == "en" else process.name)
        assert (named | {pool}) - found == set()
        assert {_plain(lane) for lane in process.lanes} <= found or language == "en"


@pytest.mark.parametrize("path", SHIPPED)
def test_an_english_picture_has_no_chinese(path: Path) -> None:
    assert [text for text in words(xml(picture(path, "en").whole())) if re.search(r"[\u4e00-\u9fff]", text)] == []


@pytest.mark.parametrize("path", SHIPPED)
def test_strips_have_all_of_the_picture_and_repeat_who_does_it(path: Path) -> None:
    drawing = picture(path)
    whole, strips = words(xml(drawing.whole())), [xml(text) for text in drawing.strips()]
    assert set().union(*map(words, strips)) == whole
    lanes = {_plain(lane) for process in read(path.read_bytes(), path.name).processes.values() for lane in process.lanes}
    assert [strip for strip in strips if not lanes <= words(strip)] == []
    views = [tuple(map(float, strip.get("viewBox", "").split())) for strip in strips]
    assert all(round(a[0] + a[2]) >= round(b[0]) for a, b in pairwise(views))  # nothing is lost between two sheets


def test_a_wide_picture_is_cut_between_its_elements() -> None:
    drawing = picture(ROOT / "bpmn" / "out_of_warranty.bpmn")
    cuts = [view[0] + view[2] for view in (tuple(map(float, xml(text).get("viewBox", "").split())) for text in drawing.strips())]
    assert len(cuts) > 1
    assert [cut for cut in cuts[:-1] for box in drawing.solids if box[0] < cut < box[0] + box[2]] == []


@pytest.mark.parametrize("path", FOREIGN)
def test_diagrams_of_other_tools_are_drawn(path: Path) -> None:
    found = svg.drawings(path.read_bytes(), path.name, "en")
    shapes = path.read_bytes().count(b":BPMNShape ") + path.read_bytes().count(b"<BPMNShape ")
    assert sum(len(each.pieces) for each in found) >= shapes > 0
    for drawing in found:
        xml(drawing.whole())


def shaped(name: str, more: str = "", bounds: str = 'x="100" y="80" width="100" height="80"', kind: str = "userTask") -> bytes:
    """A file with one element of this name, drawn."""
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f"""<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" id="d" targetNamespace="t">
  <bpmn:process id="p"><bpmn:{kind} id="only" name="{escaped}"/></bpmn:process>
  <bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="p"><bpmndi:BPMNShape bpmnElement="only" {more}><dc:Bounds {bounds}/>
  </bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>""".encode()


def test_hostile_labels_are_text() -> None:
    (found,) = svg.drawings(shaped(HOSTILE), "f.bpmn")
    assert words(xml(found.whole())) == {_plain(HOSTILE)}
    assert {str(each.tag).rpartition("}")[2] for each in xml(found.whole()).iter()} <= {
        "svg", "g", "rect", "circle", "path", "polyline", "polygon", "text", "tspan"}
    assert "<script" not in found.whole()


@pytest.mark.parametrize("colour", ["url(#x)", "red;}", "javascript:alert(1)", '#fff"onload="x'])
def test_a_colour_is_a_colour_or_is_left_out(colour: str) -> None:
    escaped = colour.replace('"', "&quot;")
    (found,) = svg.drawings(shaped("x", f'bioc:fill="{escaped}" bioc:stroke="#1e88e5"'), "f.bpmn")
    (box,) = tags(xml(found.whole()), "rect")
    assert (box.get("fill"), box.get("stroke")) == ("#ffffff", "#1e88e5")


@pytest.mark.parametrize("bounds", ['x="NaN" y="0" width="1" height="1"', 'x="1e300" y="0" width="1" height="1"', 'x="1"'])
def test_impossible_coordinates_draw_nothing(bounds: str) -> None:
    assert svg.drawings(shaped("x", bounds=bounds), "f.bpmn") == ()


@pytest.mark.parametrize("kind", ["dataStoreReference", "dataObjectReference", "textAnnotation", "group", "conversation", "task"])
def test_every_kind_of_thing_can_be_drawn(kind: str) -> None:
    (found,) = svg.drawings(shaped("名称", kind=kind), "f.bpmn")
    assert xml(found.whole()).get("viewBox")


def test_a_file_without_a_picture_has_none_and_what_is_not_bpmn_is_refused() -> None:
    text = shaped("x").decode()
    assert svg.drawings(re.sub(r"<bpmndi:BPMNShape.*</bpmndi:BPMNShape>", "", text, flags=re.DOTALL).encode(), "f.bpmn") == ()
    with pytest.raises(DeploymentRefused):
        svg.drawings(b"<a/>", "f.bpmn")


# ------------------------------------------------------------------ labels
def test_chinese_breaks_into_lines_of_about_the_same_length() -> None:
    assert wrapped("向顾客说明需付费", 90, 12) == ["向顾客说", "明需付费"]


def test_no_line_begins_with_a_closing_mark_nor_ends_with_an_opening_one() -> None:
    for most in range(40, 140, 6):
        lines = wrapped("先说明收费（配件、劳务），再报价；顾客“接受”后施工。", most, 12)
        assert not any(line[0] in "，。、；：）”" for line in lines)
        assert not any(line[-1] in "（“" for line in lines)


def test_english_breaks_between_words_and_a_long_word_is_broken() -> None:
    assert wrapped("Record why it is not repaired", 90, 12) == ["Record why it", "is not repaired"]
    lines = wrapped("Donaudampfschifffahrtsgesellschaft", 60, 12)
    assert len(lines) > 2
    assert "".join(lines) == "Donaudampfschifffahrtsgesellschaft"


def test_a_long_label_is_written_smaller_and_never_cut_off() -> None:
    text = "把报价逐项告诉顾客并请其书面确认" * 4
    lines, size = fitted(text, 90, 62)
    assert "".join(lines) == text
    assert size < 12
    assert all(width(line, size) <= 90 for line in lines)
