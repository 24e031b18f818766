"""`docs/procedure.md` maps the procedure to the shipped files, and loses nothing on either side."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from engine import forms
from engine.diagram import read
from engine.diagram.model import Element, Process
from engine.settings import ROOT

FOLDER = ROOT / "bpmn"
FILES = sorted(path.name for path in FOLDER.glob("*.bpmn"))
MARKS = {"source", "reading", "constructed"}
NOTES = {"5.1.15": 9, "5.1.16": 4, "5.1.17": 4, "5.1.18": 4}  # as many notes as the original counts
CLAUSES = {f"5.1.{n}" for n in (6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18)} | {"5.5.1", "5.5.2"}
BOXES = {  # the boxes and decisions of the flowcharts that reached us with their labels
    "5.1.15": (
        "服务部指派上门服务", "和顾客约定上门时间", "准备备件", "工程师上门服务", "保修期内？", "按保外服务流程进行",
        "在客户现场服务", "向服务部或客户服务中心寻求技术支持或备件支持", "问题解决？", "服务完成，填写维修单",
        "清洁机器及环境", "顾客在维修单上签字认可服务结果", "维修单上报客户服务中心", "坏备件发客户服务中心",
    ),
    "5.1.16": (
        "向顾客说明需付费", "同意付费？", "结束", "报价", "接受报价？", "请顾客确认价格及付费时间", "接收确认",
        "为顾客提供服务", "填写维修单", "向顾客收取费用", "维修单存档", "定期汇报总部",
    ),
    "5.1.18": (
        "是否为客户投诉？", "转相应人员处理", "转服务部负责人", "了解投诉原因", "人为因素？", "向总部申请支持",
        "了解事件详细情况", "与顾客协商补救措施", "取得解决方案", "对责任人进行处罚", "通知顾客解决方案", "确定负责人",
        "顾客同意？", "通报顾客", "实施", "需改进吗？", "制定改进措施", "监督实施结果", "记录处理过程", "完成",
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page: a statement of the procedure and where it is."""

    clause: str
    says: str
    file: str
    elements: tuple[str, ...]
    mark: str


@cache
def table() -> list[Row]:
    lines = (ROOT / "docs" / "procedure.md").read_text("utf-8").splitlines()
    cells = ([cell.strip() for cell in line.strip("| ").split("|")] for line in lines if re.match(r"\| *\d", line))
    return [Row(clause, says, file.strip("`"), tuple(re.findall(r"`([^`]+)`", elements)), mark)
            for clause, says, file, elements, mark in cells]


@cache
def process(file: str) -> Process:
    diagram = read.read((FOLDER / file).read_bytes(), file)
    return next(each for each in diagram.processes.values() if each.is_executable)


@cache
def names(file: str) -> frozenset[str]:
    """All that the page may name in a file."""
    data = (FOLDER / file).read_bytes()
    if file.endswith(".bpmn"):
        return frozenset((*process(file).elements, *process(file).flows))
    if file.endswith(".form"):
        return frozenset(field.key for field in forms.fields(json.loads(data)))
    return frozenset(re.findall(r'\bid="([^"]+)"', data.decode()))


def must_be_named(element: Element, whole: Process) -> bool:
    """Activities, decisions, and what waits at a deadline or leaves the path."""
    if element.type.endswith("Task") or element.type == "callActivity":
        return True
    if element.type.endswith("Gateway"):
        return len(element.outgoing) > 1
    return element.type in ("boundaryEvent", "intermediateCatchEvent", "subProcess")


def clauses(element: Element) -> Iterator[str]:
    """The clauses that an element carries: `5.1.15 n4, n6` is 5.1.15 n4 and 5.1.15 n6, and each is of 5.1.15."""
    last = ""
    for part in re.split(r"[;,]\s*", element.properties.get("clause", "")):
        number, _, note = part.strip().partition(" ")
        if number.startswith("n") and not note:
            note, number = number, last
        last = number
        yield number
        if note:
            yield f"{number} {note}"


@pytest.mark.parametrize("row", table(), ids=lambda row: f"{row.clause}-{row.file}-{row.elements[0] if row.elements else ''}")
def test_every_line_names_what_is_there(row: Row) -> None:
    assert row.mark in MARKS
    assert row.elements
    assert set(row.elements) <= names(row.file)


@pytest.mark.parametrize("row", [row for row in table() if row.file.endswith(".bpmn")],
                         ids=lambda row: f"{row.clause}-{row.file}-{row.elements[0]}")
def test_every_element_named_carries_the_clause(row: Row) -> None:
    elements = process(row.file).elements
    for name in row.elements:
        if name in elements:
            assert row.clause in set(clauses(elements[name])), (name, elements[name].properties.get("clause"))


@pytest.mark.parametrize("file", FILES)
def test_every_activity_decision_and_deadline_is_on_the_page(file: str) -> None:
    named = {name for row in table() if row.file == file for name in row.elements}
    whole = process(file)
    assert {e.id for e in whole.elements.values() if must_be_named(e, whole)} - named == set()


@pytest.mark.parametrize("clause", sorted(CLAUSES))
def test_every_clause_is_on_the_page(clause: str) -> None:
    assert any(row.clause.split()[0] == clause for row in table())


@pytest.mark.parametrize("clause", sorted(NOTES))
def test_every_note_is_on_the_page(clause: str) -> None:
    found = {row.clause.split()[1] for row in table() if row.clause.startswith(f"{clause} n")}
    assert {f"n{number}" for number in range(1, NOTES[clause] + 1)} <= {re.sub(r"(?<=\d)[a-z].*", "", note) for note in found}


@pytest.mark.parametrize("clause", sorted(BOXES))
def test_every_box_of_the_flowchart_is_on_the_page(clause: str) -> None:
    assert set(BOXES[clause]) <= {row.says for row in table() if row.clause == clause and row.mark == "source"}
