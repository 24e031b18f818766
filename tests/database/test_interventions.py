"""Leads and administrators send back, skip and change variables: shown first, with a reason, on the record, recomputable."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from engine import canonical, instances, interventions, tasks, watching
from engine.diagram.check import File
from engine.errors import Conflict, Forbidden, InvalidForm, InvalidValue
from engine.interventions import SendBack, SetVariable, Skip, Terminate
from engine.tables import history_body, history_event, job, task, task_candidate
from tests.diagram_text import boundary, diagram, end, flow_if, flows, node, start, timer, user
from tests.small_company import Small

FORM = {"id": "ask", "type": "default", "schemaVersion": 16, "components": [
    {"id": "f1", "type": "radio", "key": "agrees", "label": "是否同意", "properties": {"label_en": "Agrees"},
     "values": [{"label": "同意", "value": "yes", "label_en": "Yes"}, {"label": "不同意", "value": "no", "label_en": "No"}]},
    {"id": "f2", "type": "number", "key": "amount", "label": "金额", "properties": {"label_en": "Amount", "money": "cents"}}]}
THREE = diagram(start(), user("first"), user("second"), user("third"), boundary("late", "second", timer("PT8H")), end(),
                end("told"), flows("begin", "first", "second", "third", "done"), flows("late", "told"))
ASKED = diagram(start(), user("ask", camunda_formRef="ask"), node("exclusiveGateway", "agreed", default="agreed_to_done"),
                user("serve"), end(), flows("begin", "ask", "agreed"), flow_if("agreed", "serve", 'agrees = "yes"'),
                flows("agreed", "done"), flows("serve", "done"))
GUESSED = diagram(start(), user("work"), node("exclusiveGateway", "sized", default="sized_to_done"), user("more"), end(),
                  flows("begin", "work", "sized"), flow_if("sized", "more", "amount > 3"), flows("sized", "done"),
                  flows("more", "done"))


@pytest.fixture
def three(small: Small) -> str:
    """A case of `ann` in the office north that waits at the third of three tasks."""
    small.deploy(THREE)
    case: str = small.start(office="north")
    small.complete("first")
    small.complete("second")
    return case


def recorded(small: Small, case: str, command: str) -> dict[str, Any]:
    query = sa.select(history_body.c.body).join(history_event, sa.and_(
        history_event.c.instance_id == history_body.c.instance_id, history_event.c.seq == history_body.c.seq))
    [row] = small.rows(query.where(history_event.c.instance_id == case, history_event.c.command == command))
    body: dict[str, Any] = json.loads(bytes(row.body))
    return body


def tokens(small: Small, case: str) -> dict[str, int]:
    return {row["at"]: row["id"] for row in canonical.loads(small.case(case).tokens)["tokens"]}


# ------------------------------------------------------------------ send back
def test_a_lead_sends_a_task_back_and_the_deadline_runs_again(small: Small, three: str) -> None:
    waits = small.task("third")
    small.do("lea", interventions.intervene, three, SendBack(waits.token, "second", 1), reason="型号写错")
    assert small.open() == ["second"]
    assert [row.state for row in small.rows(sa.select(task).where(task.c.id == waits.id))] == ["cancelled"]
    assert small.rows(sa.select(task_candidate).where(task_candidate.c.task_id == waits.id)) == []
    assert [row.element for row in small.rows(sa.select(job).where(job.c.kind == "timer", job.c.state == "open"))] == ["late"]
    inputs = recorded(small, three, "send_back")["inputs"]
    assert (inputs["reason"], inputs["from"]) == ("型号写错", "third")


def test_the_effect_is_shown_before_and_nothing_is_written(small: Small, three: str) -> None:
    waits = small.task("third")
    effect = small.do("lea", interventions.preview, three, SendBack(waits.token, "first", 1))
    assert [spot.element.id for spot in effect.withdrawn] == ["third"]
    assert [spot.element.id for spot in effect.begun] == ["first"]
    assert [(offer.place.element, offer.groups) for offer in effect.offers] == [("first", ("staff",))]
    assert small.open() == ["third"]
    assert small.rows(sa.select(history_event).where(history_event.c.command == "send_back")) == []


def test_a_case_that_moved_since_the_preview_is_left_alone(small: Small, three: str) -> None:
    waits = small.task("third")
    effect = small.do("lea", interventions.preview, three, SendBack(waits.token, "first", 1))
    small.do("ann", tasks.claim, waits.id)
    with pytest.raises(Conflict, match="case_moved"):
        small.do("lea", interventions.intervene, three, SendBack(waits.token, "first", 1), reason="r", seen=effect.version)
    assert small.open() == ["third"]


def test_only_what_was_done_before_is_offered(small: Small, three: str) -> None:
    row = small.case(three)
    found = small.do("lea", interventions.targets, row, small.task("third").token)
    assert [(each.element.id, each.scope) for each in found] == [("second", 1), ("first", 1)]
    with pytest.raises(Conflict, match="no_way_back"):
        small.do("lea", interventions.intervene, three, SendBack(small.task("third").token, "third", 1), reason="r")


@pytest.mark.parametrize("who", ["ann", "eva", "eli"])
def test_nobody_but_leads_of_the_office_and_administrators_intervenes(small: Small, three: str, who: str) -> None:
    asked = SendBack(small.task("third").token, "first", 1)
    with pytest.raises(Forbidden, match="may_not_intervene"):
        small.do(who, interventions.intervene, three, asked, reason="r")
    with pytest.raises(Forbidden, match="may_not_intervene"):
        small.do(who, interventions.preview, three, asked)
    small.do("root", interventions.intervene, three, asked, reason="r")


@pytest.mark.parametrize(("reason", "code"), [("  ", "reason_missing"), ("长" * 1_001, "reason_long")])
def test_each_asks_for_a_reason(small: Small, three: str, reason: str, code: str) -> None:
    with pytest.raises(InvalidValue, match=code):
        small.do("lea", interventions.intervene, three, SendBack(small.task("third").token, "first", 1), reason=reason)


def test_a_suspended_case_goes_on_before_anything_else(small: Small, three: str) -> None:
    small.do("lea", instances.suspend, three, reason="缺件")
    with pytest.raises(Conflict, match="case_suspended"):
        small.do("lea", interventions.intervene, three, SendBack(small.task("third").token, "first", 1), reason="r")


# ------------------------------------------------------------------ skip
@pytest.fixture
def asked(small: Small) -> str:
    """A case that waits at a decision."""
    small.deploy(File("case.bpmn", ASKED), File("ask.form", json.dumps(FORM).encode()))
    case: str = small.start(office="north")
    return case


def test_skipping_a_decision_takes_the_answer_that_the_lead_chose(small: Small, asked: str) -> None:
    waits = small.task("ask")
    small.do("lea", interventions.intervene, asked, Skip(waits.token, "yes"), reason="电话确认")
    assert small.open() == ["serve"]
    [row] = small.rows(sa.select(task).where(task.c.id == waits.id))
    assert (row.state, row.completed_by) == ("cancelled", None)
    body = recorded(small, asked, "skip")
    assert (body["set"], body["inputs"]["reason"]) == ({"agrees": "yes"}, "电话确认")


@pytest.mark.parametrize("answer", ["", "perhaps"])
def test_a_decision_cannot_be_skipped_without_an_answer(small: Small, asked: str, answer: str) -> None:
    with pytest.raises(InvalidValue, match="answer_missing"):
        small.do("lea", interventions.intervene, asked, Skip(small.task("ask").token, answer), reason="r")


def test_a_variable_that_was_never_given_stops_the_case_as_the_effect_says(small: Small) -> None:
    small.deploy(GUESSED)
    case = small.start(office="north")
    waits = small.task("work")
    effect = small.do("lea", interventions.preview, case, Skip(waits.token))
    assert [(spot.element.id, bool(spot.error)) for spot in effect.incidents] == [("sized", True)]
    small.do("lea", interventions.intervene, case, Skip(waits.token), reason="r")
    assert [row.element for row in small.incidents()] == ["sized"]


def test_a_task_cannot_be_skipped_twice(small: Small, three: str) -> None:
    waits = small.task("third")
    small.do("lea", interventions.intervene, three, Skip(waits.token), reason="r")
    assert small.case(three).status == "completed"
    with pytest.raises(Conflict, match="case_moved"):
        small.do("lea", interventions.intervene, three, Skip(waits.token), reason="r")


# ------------------------------------------------------------------ variables
def test_a_variable_is_read_as_its_form_reads_it(small: Small, asked: str) -> None:
    small.do("lea", interventions.intervene, asked, SetVariable(1, "amount", "12.50"), reason="漏填")
    body = recorded(small, asked, "set_variable")
    assert (body["set"], body["inputs"]["before"], body["inputs"]["after"]) == ({"amount": 1250}, None, 1250)
    effect = small.do("lea", interventions.preview, asked, SetVariable(1, "amount", "13"))
    assert (effect.before, effect.after, effect.withdrawn, effect.begun) == (1250, 1300, (), ())
    with pytest.raises(InvalidForm):
        small.do("lea", interventions.intervene, asked, SetVariable(1, "amount", "viel"), reason="r")


@pytest.mark.parametrize(("kind", "entry", "value"), [
    ("text", "a", "a"), ("number", "3", 3), ("number", "3.5", 3.5), ("boolean", "true", True),
    ("json", '{"b": [1]}', {"b": [1]})])
def test_a_variable_that_no_form_knows_has_the_type_chosen(small: Small, asked: str, kind: Any, entry: str, value: Any) -> None:
    small.do("lea", interventions.intervene, asked, SetVariable(1, "extra", entry, kind), reason="r")
    assert recorded(small, asked, "set_variable")["set"] == {"extra": value}


@pytest.mark.parametrize(("name", "kind", "entry"), [
    ("starter", "text", "lea"), ("a b", "text", "x"), ("extra", "number", "nan"), ("extra", "json", "{"),
    ("extra", "boolean", "x")])
def test_what_is_no_variable_or_no_value_is_refused(small: Small, asked: str, name: str, kind: Any, entry: str) -> None:
    with pytest.raises(InvalidValue):
        small.do("lea", interventions.intervene, asked, SetVariable(1, name, entry, kind), reason="r")


def test_the_end_of_a_case_can_be_looked_at_before(small: Small, three: str) -> None:
    effect = small.do("lea", interventions.preview, three, Terminate())
    assert (effect.ends, [spot.element.id for spot in effect.withdrawn]) == (True, ["third"])
    assert small.case(three).status == "active"


# ------------------------------------------------------------------ watching
def test_watching_is_counted_once_a_person(small: Small, three: str) -> None:
    small.do("ann", watching.watch, three)
    small.do("ann", watching.watch, three)
    small.do("lea", watching.watch, three)
    assert (small.case(three).watchers, small.do("ann", watching.is_watched, three)) == (2, True)
    small.do("ann", watching.unwatch, three)
    small.do("ann", watching.unwatch, three)
    assert (small.case(three).watchers, small.do("ann", watching.is_watched, three)) == (1, False)


def test_who_may_not_see_a_case_does_not_watch_it(small: Small, three: str) -> None:
    with pytest.raises(Forbidden):
        small.do("eli", watching.watch, three)
