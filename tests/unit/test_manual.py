"""The table of steps of a manual: every activity of every shipped diagram, in order, in words of both languages."""

import re
from pathlib import Path

import pytest

from engine.diagram import manual
from engine.diagram.change_words import Names
from engine.diagram.procedure_order import STEPS
from engine.diagram.procedure_words import Vocabulary, condition
from engine.diagram.read import read
from engine.forms.fields import Choice, Field
from tests.diagram_text import boundary, diagram, end, flow_if, flows, node, properties, start, timer, user

SHIPPED = sorted((Path(__file__).parents[2] / "bpmn").glob("*.bpmn"))
NAMES = Names({"service_lead": ("服务部负责人", "Service lead")}, {"quote": ("报价单", "Quote")})
ANSWERS = Choice("yes", "同意", "agrees"), Choice("no", "不同意", "refuses")
FIELD = Field("agreed", "radio", "顾客是否同意", "Customer agrees", required=True, options=ANSWERS)


def process(data: bytes) -> manual.Process:
    (found,) = read(data, "case.bpmn").processes.values()
    return found


def vocabulary(language: str = "zh") -> Vocabulary:
    return Vocabulary("en" if language == "en" else "zh", NAMES, {"agreed": FIELD})


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_activity_is_a_step_with_its_clause_and_its_people(path: Path, language: str) -> None:
    for each in read(path.read_bytes(), path.name).processes.values():
        rows = {step.id: step for step in manual.steps(each, vocabulary(language))}
        assert rows.keys() == {element.id for element in each.elements.values() if element.type in STEPS}
        for element in each.elements.values():
            if element.type == "userTask":
                assert rows[element.id].who
                assert rows[element.id].clause == element.properties["clause"]
                assert rows[element.id].instruction
            if element.type in STEPS and element.outgoing:
                assert rows[element.id].ways


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_who_does_a_step_is_told_in_english_to_who_reads_english(path: Path) -> None:
    for each in read(path.read_bytes(), path.name).processes.values():
        named = [step.who for step in manual.steps(each, vocabulary("en"))]
        assert [who for who in named if re.search("[\u4e00-\u9fff]", who)] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_may_happen_meanwhile_is_told_in_english_to_who_reads_english(path: Path) -> None:
    for each in read(path.read_bytes(), path.name).processes.values():
        told = [event for step in manual.steps(each, vocabulary("en")) for event, _ in step.events]
        told += [event for event, _ in manual.starts(each, vocabulary("en"))]
        assert [event for event in told if re.search("[\u4e00-\u9fff]", event)] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_steps_are_told_in_the_order_of_the_flow(path: Path) -> None:
    for each in read(path.read_bytes(), path.name).processes.values():
        numbers = [tuple(map(int, step.number.split("."))) for step in manual.steps(each, vocabulary())]
        assert numbers == sorted(numbers)
        assert len(set(numbers)) == len(numbers)


def test_a_choice_is_told_with_its_question_and_where_each_answer_leads() -> None:
    found = process(diagram(
        start(), user("ask", name="询问"), node("exclusiveGateway", "either", default="either_to_stop", name="顾客同意？"),
        user("repair", name="修理"), end(), end("stop"), flows("begin", "ask", "either", "stop"), flows("repair", "done"),
        flow_if("either", "repair", 'agreed = "yes"')))
    ask, repair = manual.steps(found, vocabulary())
    assert (ask.number, repair.number) == ("1", "2")
    assert set(ask.ways) == {("顾客同意？ “顾客是否同意”为“同意”", "2 修理"), ("顾客同意？ 否则", "结束：stop")}


def test_a_deadline_and_what_follows_it_stand_with_their_step() -> None:
    found = process(diagram(
        start(), user("serve", "service_lead", name="服务"),
        boundary("late", "serve", timer("PT4H") + properties(deadline="yes")),
        user("chase", name="催办"), end(), end("chased"), flows("begin", "serve", "done"), flows("late", "chase", "chased")))
    serve = next(step for step in manual.steps(found, vocabulary()) if step.id == "serve")
    assert serve.who == "服务部负责人"
    ((event, ways),) = serve.events
    assert "4" in event
    assert [place for _said, place in ways] == [f"{number} 催办" for number in ("2",)]


@pytest.mark.parametrize(("written", "zh", "en"), [
    ('agreed = "yes"', "“顾客是否同意”为“同意”", "“Customer agrees” is “agrees”"),
    ('agreed != "no" and cost > 100', "“顾客是否同意”不为“不同意”且“cost”大于100",
     "“Customer agrees” is not “refuses” and “cost” is more than 100"),
    ("urgent", "“urgent”为“是”", "“urgent” is “yes”"),
    ("count(parts) > 3", "“count(parts) > 3”", "“count(parts) > 3”"),
])
def test_a_condition_is_told_in_words_or_as_it_is_written(written: str, zh: str, en: str) -> None:
    assert (condition(written, vocabulary()), condition(written, vocabulary("en"))) == (zh, en)
