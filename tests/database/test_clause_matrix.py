"""The clause matrix: what carries a clause out, how often, and every kind of gap; the company's own list is complete."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.audit import clauses, procedures
from engine.audit.clauses import Line, Matrix
from engine.errors import InvalidValue
from engine.settings import ROOT, Settings
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.database import acting
from tests.diagram_text import diagram, end, flows, node, properties, start, user
from tests.small_company import Small

CLAUSES = [{"id": "1", "name": "范围", "name_en": "Scope", "is_heading": True}, {"id": "2", "name": "检查", "name_en": "Check"},
           {"id": "2 n1", "name": "先看", "name_en": "Look first"}, {"id": "3", "name": "判断", "name_en": "Decide"},
           {"id": "4", "name": "培训", "name_en": "Training"}]
DIAGRAM = diagram(
    start(), user("check", inner=properties(clause="2 n1", record="检查单", record_en="Check list")),
    node("exclusiveGateway", "either", properties(clause="3")), user("repair", inner=properties(clause="9")), user("talk"), end(),
    flows("begin", "check", "either", "repair", "talk", "done"))


@pytest.fixture
def small_with(empty_url: str, clock: Clock, tmp_path: Path) -> Callable[[str], Small]:
    """A small company whose folder has this list of clauses."""
    def make(written: str) -> Small:
        if written:
            (tmp_path / clauses.FILE).write_text(written, "utf-8")
        return Small(ProcessEngine(Settings(database_url=empty_url, diagram_folder=str(tmp_path)), clock=clock))
    return make


def matrix(engine: ProcessEngine, **asked: object) -> Matrix:
    with engine.reading(SYSTEM) as uow:
        return clauses.matrix(uow, **asked)  # type: ignore[arg-type]


def lines(found: Matrix) -> dict[str, Line]:
    return {line.clause.id: line for line in (*found.lines, *found.unlisted)}


def test_every_kind_of_gap_is_marked(small_with: Callable[[str], Small]) -> None:
    small = small_with(json.dumps(CLAUSES))
    small.deploy(DIAGRAM)
    small.start()
    small.complete("check")
    found = matrix(small.engine)
    told = lines(found)
    assert [name for name, line in told.items() if line.is_gap] == ["4"]
    assert {name: [(one.element.id, set(one.gaps)) for one in line.activities] for name, line in told.items()} == {
        "1": [], "2": [], "2 n1": [("check", set())], "3": [("either", set())], "4": [],
        "9": [("repair", {"no_record"})]}
    assert [line.clause.id for line in found.unlisted] == ["9"]
    assert [(one.element.id, set(one.gaps)) for one in found.without] == [("talk", {"no_clause", "no_record", "never"})]
    assert found.gaps == {"no_activity": 1, "no_clause": 1, "no_record": 2, "never": 1}
    small.engine.close()


def test_executions_and_records_are_counted_in_the_period_and_office(small_with: Callable[[str], Small], clock: Clock) -> None:
    small = small_with(json.dumps(CLAUSES))
    small.deploy(DIAGRAM)
    small.start(office="north")
    small.complete("check")
    clock.move(days=10)
    small.start(office="south")
    check = lines(matrix(small.engine))["2 n1"].activities[0]
    assert (check.times, check.records, check.record, check.record_en) == (2, 1, "检查单", "Check list")
    late = lines(matrix(small.engine, since=clock.now - timedelta(days=1)))["2 n1"].activities[0]
    assert (late.times, late.records) == (1, 0)
    assert lines(matrix(small.engine, office="north"))["2 n1"].activities[0].times == 1
    nothing = lines(matrix(small.engine, until=clock.now - timedelta(days=20)))["2 n1"].activities[0]
    assert (nothing.times, nothing.gaps) == (0, {"never"})
    small.engine.close()


def test_without_a_list_the_clauses_that_diagrams_name_are_told(small_with: Callable[[str], Small]) -> None:
    small = small_with("")
    small.deploy(DIAGRAM)
    assert [line.clause.id for line in matrix(small.engine).unlisted] == ["2 n1", "3", "9"]
    small.engine.close()


@pytest.mark.parametrize("written", ["{", '[{"id": "1"}]', '{"id": "1"}', "[1]"])
def test_list_that_cannot_be_read_is_refused_by_name(small_with: Callable[[str], Small], written: str) -> None:
    small = small_with(written)
    with pytest.raises(InvalidValue, match=r"clauses\.json"):
        matrix(small.engine)
    small.engine.close()


def test_parts_of_a_parallel_step_are_counted_each(company: ProcessEngine) -> None:
    acting.start(company, "clerk", "customer_feedback")
    counted = {one.element.id: one.times for line in matrix(company).lines for one in line.activities
               if one.process.id == "customer_feedback"}
    assert counted["submit_repair_orders"] == 5
    assert counted["check_off_orders"] == 0


def test_company_lists_every_clause_that_its_diagrams_name_in_the_order_of_the_procedure(company: ProcessEngine) -> None:
    listed = clauses.listed(ROOT / "bpmn")
    found = matrix(company)
    assert [line.clause.id for line in found.unlisted] == []
    assert [one.id for one in listed] == sorted((one.id for one in listed), key=procedures.in_order)
    assert len({one.id for one in listed}) == len(listed)
    assert not [one.id for one in listed if not one.name or not one.name_en or one.name == one.name_en]
