"""Tasks and gateways, each as BPMN 2.0 says."""

import pytest

from engine.spiff import steps
from tests.unit.spiff_case import ENDS, Case, flow, node, users

SPLIT = node("parallelGateway", "g") + node("parallelGateway", "j")
BLOCK = ENDS + users("a", "b") + SPLIT + flow("s", "g", "a", "j", "e") + flow("g", "b", "j")


@pytest.mark.parametrize("tag", ["task", "manualTask", "scriptTask", "businessRuleTask", "sendTask", "intermediateThrowEvent"])
def test_automatic_element_passes_at_once(tag: str) -> None:
    case = Case(ENDS + node(tag, "x") + users("a") + flow("s", "x", "a", "e"))
    assert case.offered == ["a"]
    assert [q[0] for q in case.asked if q[1] == "x"] == {"scriptTask": ["script"], "businessRuleTask": ["decide_rule"],
                                                        "sendTask": ["send"]}.get(tag, [])


@pytest.mark.parametrize(("tag", "kind"), [("userTask", "task"), ("serviceTask", "job")])
def test_task_waits_until_it_is_completed(tag: str, kind: str) -> None:
    case = Case(ENDS + node(tag, "a") + flow("s", "a", "e"))
    assert [r["is"] for r in case.rows()] == ["process", kind]
    assert case.complete("a").is_ended
    assert case.outcome is not None
    assert case.outcome.end_element == "e"


@pytest.mark.parametrize("tag", ["businessRuleTask", "sendTask"])
def test_external_task_is_a_job(tag: str) -> None:
    case = Case(ENDS + node(tag, "a", camunda_type="external", camunda_topic="t") + flow("s", "a", "e"))
    assert case.rows("job")[0]["at"] == "a"
    assert case.complete("a").is_ended


def test_parallel_join_waits_for_both_and_keeps_its_row() -> None:
    case = Case(BLOCK).complete("b")
    waiting = case.token("j", "join")
    assert case.rows("join") == [{"id": waiting, "in": 1, "at": "j", "is": "join", "got": ["b_j"]}]
    assert case.complete("a").is_ended
    assert [(t.kind, t.flows) for t in case.history if t.token == waiting] == [("entered", ()), ("left", ("j_e",))]


def test_trace_has_every_flow_taken_and_no_other() -> None:
    assert sorted(Case(BLOCK).complete("a", "b").flows) == ["a_j", "b_j", "g_a", "g_b", "j_e", "s_g"]


def test_every_token_is_entered_once_and_ends_once() -> None:
    case = Case(BLOCK).complete("a", "b")
    entered = [t.token for t in case.history if t.kind == "entered"]
    ended = [t.token for t in case.history if t.kind in ("left", "cancelled")]
    assert len(set(entered)) == len(entered)
    assert sorted(entered) == sorted(ended)


def test_surplus_token_stays_at_the_join_for_its_next_round() -> None:
    body = (ENDS + users("a", "b", "z") + SPLIT + node("exclusiveGateway", "m")
            + flow("s", "g", "a", "m", "j", "z", "e") + flow("g", "b", "m") + users("c") + flow("g", "c", "j"))
    case = Case(body).complete("a", "b")
    assert case.rows("join")[0]["got"] == ["m_j", "m_j"]
    case.complete("c")
    assert case.offered == ["z"]
    assert case.rows("join")[0]["got"] == ["m_j"]


def test_two_flows_of_one_source_into_one_join_are_two_tokens() -> None:
    double = '<sequenceFlow id="second" sourceRef="g" targetRef="j"/>'
    case = Case(ENDS + users("a") + SPLIT + flow("s", "g", "j", "a", "e") + double)
    assert case.offered == ["a"]
    assert case.flows == ["s_g", "g_j", "second", "j_a"]


def test_exclusive_gateway_takes_the_first_true_flow_in_document_order() -> None:
    body = (ENDS + node("exclusiveGateway", "x", default="x_c") + users("a", "b", "c") + flow("s", "x")
            + flow("x", "a", when="va") + flow("x", "b", when="vb") + flow("x", "c") + flow("a", "e") + flow("b", "e")
            + flow("c", "e"))
    assert Case(body, values={"va": True, "vb": True}).offered == ["a"]
    assert Case(body, values={"va": False, "vb": True}).offered == ["b"]
    case = Case(body, values={"va": False, "vb": False})
    assert case.offered == ["c"]
    assert [q for q in case.asked if q[0] == "choose"] == [("choose", "x_a", "p", 1, "x_a", "x_b")]


def test_inclusive_gateway_takes_every_true_flow_and_its_join_waits_for_those() -> None:
    body = (ENDS + node("inclusiveGateway", "o", default="o_c") + node("inclusiveGateway", "j") + users("a", "b", "c", "z")
            + flow("s", "o") + flow("o", "a", when="va") + flow("o", "b", when="vb") + flow("o", "c")
            + flow("a", "j", "z", "e") + flow("b", "j") + flow("c", "j"))
    case = Case(body, values={"va": True, "vb": True})
    assert case.offered == ["a", "b"]
    assert case.complete("a").offered == ["b"]
    assert case.complete("b").offered == ["z"]
    assert Case(body, values={"va": False, "vb": True}).complete("b").offered == ["z"]
    assert Case(body, values={"va": False, "vb": False}).offered == ["c"]


def test_inclusive_gateway_may_have_a_flow_without_condition() -> None:
    body = (ENDS + node("inclusiveGateway", "o") + users("a", "b") + flow("s", "o", "a", "e")
            + flow("o", "b", when="vb") + flow("b", "e"))
    assert Case(body, values={"vb": False}).offered == ["a"]
    assert Case(body, values={"vb": True}).offered == ["a", "b"]


def test_inclusive_join_does_not_wait_for_a_token_behind_it() -> None:
    body = (ENDS + node("parallelGateway", "g") + node("inclusiveGateway", "j") + users("a", "b", "z")
            + flow("s", "g", "a", "j", "z", "e") + flow("g", "b", "e"))
    assert Case(body).complete("a").offered == ["b", "z"]


def test_inclusive_join_waits_while_a_boundary_event_could_still_come_to_it() -> None:
    late = node("boundaryEvent", "t", "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
                attachedToRef="b")
    body = (ENDS + node("parallelGateway", "g") + node("inclusiveGateway", "j") + users("a", "b", "z") + late
            + flow("s", "g", "a", "j", "z", "e") + flow("g", "b", "e") + flow("t", "j"))
    case = Case(body).complete("a")
    assert case.offered == ["b"]
    assert case.trigger("t").offered == ["z"]
    assert Case(body).complete("a").complete("b").offered == ["z"]


def test_event_gateway_waits_for_the_first_of_its_events() -> None:
    body = (ENDS + node("eventBasedGateway", "g") + users("a", "b") + node("receiveTask", "r", messageRef="m1")
            + node("intermediateCatchEvent", "t", "<timerEventDefinition><timeDuration>P1D</timeDuration>"
                   "</timerEventDefinition>") + flow("s", "g", "r", "a", "e") + flow("g", "t", "b", "e"))
    case = Case(body)
    assert (case.offered, case.armed, [r["is"] for r in case.rows()]) == ([], ["r", "t"], ["process", "choice"])
    assert case.trigger("t").offered == ["b"]
    assert (case.armed, case.flows) == ([], ["s_g", "g_t", "t_b"])
    assert Case(body).trigger("r").offered == ["a"]


def test_conditional_flow_leaving_a_task_is_asked_for() -> None:
    body = (ENDS + node("userTask", "q", default="q_c") + users("a", "b", "c") + flow("s", "q") + flow("q", "a", when="va")
            + flow("q", "b", when="vb") + flow("q", "c") + flow("a", "e") + flow("b", "e") + flow("c", "e"))
    assert Case(body, values={"va": True, "vb": True}).complete("q").offered == ["a", "b"]
    case = Case(body, values={"va": False, "vb": False}).complete("q")
    assert case.offered == ["c"]
    assert [q[2:] for q in case.asked if q[0] == "choose"] == [("p", 1, "q_a", "q_b")]


def test_two_flows_into_a_task_offer_it_twice() -> None:
    body = ENDS + node("parallelGateway", "g") + users("a", "b", "z") + flow("s", "g", "a", "z", "e") + flow("g", "b", "z")
    case = Case(body).complete("a", "b")
    assert case.offered == ["z", "z"]
    assert case.complete("z").offered == ["z"]
    assert case.complete("z").is_ended


def test_a_scope_without_start_event_begins_where_nothing_leads() -> None:
    assert Case(users("a", "b") + node("endEvent", "e") + flow("a", "e")).offered == ["a", "b"]


def test_a_case_begins_at_the_start_event_that_is_named() -> None:
    body = ENDS + node("startEvent", "m", '<messageEventDefinition messageRef="m1"/>') + users("a", "b") + flow(
        "s", "a", "e") + flow("m", "b", "e")
    assert Case(body).offered == ["a"]
    assert Case(body, event="m").offered == ["b"]


@pytest.mark.parametrize("name", ["End", "Start", "p.EndJoin", "Root"])
def test_no_element_id_is_special(name: str) -> None:
    case = Case(ENDS + users(name, "z") + flow("s", name, "z", "e"))
    assert case.offered == [name]
    assert case.complete(name).offered == ["z"]
    assert case.complete("z").is_ended


def test_cancel_takes_out_every_token_and_says_so() -> None:
    case = Case(BLOCK).complete("a")
    case.step(steps.Cancel())
    assert case.is_ended
    assert [t.element for t in case.history if t.kind == "cancelled"] == ["b", "j"]
