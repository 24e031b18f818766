"""Events: timer, message, error, escalation, link, terminate; boundary events; event sub-processes."""

import pytest

from engine.diagram.model import EventDefinition
from tests.unit.spiff_case import (
    ENDS,
    Case,
    boundary,
    event,
    event_sub_process,
    flow,
    node,
    processes,
    users,
)

TOLD = [pytest.param(event("timer", "PT1H"), id="timer"), pytest.param(event("message", "m1"), id="message")]


def hosted(host: str, *boundaries: str, more: str = "") -> str:
    """`host` is the element `a`, then `z`; boundary event `b` leads to `late`."""
    return (ENDS + host + "".join(boundaries) + users("z", "late") + more + flow("s", "a", "z", "e") + flow("b", "late", "e"))


def sub(inner: str) -> str:
    return node("subProcess", "a", inner)


U_INSIDE = node("startEvent", "s2") + users("u") + flow("s2", "u")


@pytest.mark.parametrize("definition", TOLD)
def test_catching_event_waits_until_told(definition: str) -> None:
    case = Case(ENDS + node("intermediateCatchEvent", "c", definition) + users("a") + flow("s", "c", "a", "e"))
    assert (case.armed, case.offered) == (["c"], [])
    assert case.trigger("c").offered == ["a"]
    assert case.armed == []


def test_receive_task_waits_for_its_message() -> None:
    case = Case(ENDS + node("receiveTask", "r", messageRef="m1") + flow("s", "r", "e"))
    assert case.outcome is not None
    assert case.outcome.subscriptions[0].definition.name == "m1"
    assert case.trigger("r").is_ended


@pytest.mark.parametrize("definition", TOLD)
@pytest.mark.parametrize("host", [users("a"), node("serviceTask", "a"), node("receiveTask", "a", messageRef="m2"), sub(U_INSIDE),
                                  node("callActivity", "a", calledElement="q")], ids=["user", "job", "receive", "sub", "call"])
def test_interrupting_boundary_event_takes_over(host: str, definition: str) -> None:
    called = node("startEvent", "s") + users("u") + flow("s", "u")
    case = Case(processes(p=hosted(host, boundary("b", "a", definition)), q=called))
    case.trigger("b")
    assert (case.offered, case.armed) == (["late"], [])
    assert {t.element for t in case.history if t.kind == "cancelled"} >= {"a"}
    assert case.complete("late").is_ended


def test_boundary_event_goes_with_its_host() -> None:
    case = Case(hosted(users("a"), boundary("b", "a", event("timer")))).complete("a")
    assert (case.offered, case.armed) == (["z"], [])


def test_non_interrupting_message_can_come_again() -> None:
    case = Case(hosted(users("a"), boundary("b", "a", event("message", "m1"), interrupting=False)))
    assert case.trigger("b").trigger("b").offered == ["a", "late", "late"]
    assert case.outcome is not None
    assert case.outcome.subscriptions[0].fired == 2
    assert case.complete("a", "late", "late").offered == ["z"]


def test_non_interrupting_duration_happens_once_and_a_cycle_counts() -> None:
    case = Case(hosted(users("a"), boundary("b", "a", event("timer", "PT1H"), interrupting=False))).trigger("b")
    assert (case.offered, case.armed) == (["a", "late"], [])
    case = Case(hosted(users("a"), boundary("b", "a", event("timer", "R3/PT1H"), interrupting=False)))
    case.trigger("b").trigger("b", times=2)
    assert (case.offered, case.armed) == (["a", "late", "late"], ["b"])
    assert case.rows("task")[0]["fired"] == {"b": 3}


def test_error_end_event_is_caught_at_the_boundary_of_its_sub_process_only() -> None:
    def part(name: str) -> str:
        inner = node("startEvent", f"{name}s") + users(f"{name}u") + node("endEvent", f"{name}e", event("error", "E1"))
        return (node("subProcess", name, inner + flow(f"{name}s", f"{name}u", f"{name}e")) + users(f"{name}late")
                + boundary(f"{name}b", name, event("error", "E1")) + flow(f"{name}b", f"{name}late", "e") + flow(name, "e"))
    case = Case(ENDS + node("parallelGateway", "g") + part("x") + part("y") + flow("s", "g", "x") + flow("g", "y"))
    assert case.complete("xu").offered == ["xlate", "yu"]


@pytest.mark.parametrize(("codes", "caught"), [(["E1"], "b0"), (["E2"], None), ([None], "b0"), ([None, "E1"], "b1"),
                                               (["E2", "E1"], "b1"), (["E2", None], "b1")])
def test_error_goes_to_its_code_before_any_code(codes: list[str | None], caught: str | None) -> None:
    bs = "".join(boundary(f"b{i}", "a", event("error", code)) + users(f"late{i}") + flow(f"b{i}", f"late{i}", "e")
                 for i, code in enumerate(codes))
    case = Case(ENDS + node("serviceTask", "a") + bs + flow("s", "a", "e")).throw("a", "E1")
    assert case.offered == ([f"late{caught[1]}"] if caught else [])
    assert case.incidents == ([] if caught else ["a"])


def test_error_nobody_catches_is_an_incident_before_the_end_event_that_names_the_code() -> None:
    case = Case(ENDS + node("endEvent", "k", event("error", "E1")) + users("a", "q") + node("parallelGateway", "g")
                + flow("s", "g", "a", "k") + flow("g", "q", "e")).complete("a")
    assert (case.incidents, case.offered) == (["k"], ["q"])
    assert "E1" in case.rows("incident")[0]["error"]


def test_error_goes_outwards_through_calls_and_sub_processes() -> None:
    inner = node("startEvent", "s") + users("u") + node("endEvent", "k", event("error", "E1")) + flow("s", "u", "k")
    outer = node("startEvent", "s2") + node("callActivity", "c", calledElement="q") + flow("s2", "c")
    case = Case(processes(p=hosted(sub(outer), boundary("b", "a", event("error", "E1"))), q=inner)).complete("u")
    assert case.offered == ["late"]
    assert [t.element for t in case.history if t.kind == "cancelled"] == ["c", "a"]


@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("tag", ["endEvent", "intermediateThrowEvent"])
def test_escalation_reaches_the_boundary_and_goes_on_unless_interrupted(tag: str, *, interrupting: bool) -> None:
    inner = (node("startEvent", "s2") + users("u", "v") + node(tag, "k", event("escalation", "X1"))
             + flow("s2", "u", "k") + (flow("k", "v") if tag != "endEvent" else ""))
    case = Case(hosted(sub(inner), boundary("b", "a", event("escalation", "X1"), interrupting=interrupting))).complete("u")
    goes_on = {"endEvent": ["late", "z"], "intermediateThrowEvent": ["late", "v"]}[tag]
    assert case.offered == (["late"] if interrupting else goes_on)


def test_escalation_nobody_catches_is_an_incident() -> None:
    case = Case(ENDS + node("intermediateThrowEvent", "k", event("escalation", "X1")) + flow("s", "k", "e"))
    assert case.incidents == ["k"]


def test_link_jumps_to_its_catch_event() -> None:
    case = Case(ENDS + node("intermediateThrowEvent", "t", event("link", "L")) + node("intermediateCatchEvent", "c", event(
        "link", "L")) + users("a") + flow("s", "t") + flow("c", "a", "e"))
    assert case.offered == ["a"]
    assert case.flows == ["s_t", "c_a"]


def test_message_events_send_through_the_environment() -> None:
    case = Case(ENDS + node("intermediateThrowEvent", "t", event("message", "m1")) + node("endEvent", "k", event(
        "message", "m2")) + flow("s", "t", "k"))
    assert [q[1] for q in case.asked if q[0] == "send"] == ["t", "k"]
    assert case.is_ended


def test_terminate_ends_its_scope_only() -> None:
    inner = (node("startEvent", "s2") + node("parallelGateway", "g2") + users("u", "v")
             + node("endEvent", "k", event("terminate")) + flow("s2", "g2", "u", "k") + flow("g2", "v"))
    case = Case(ENDS + sub(inner) + users("w", "z") + node("parallelGateway", "g") + flow("s", "g", "a", "z", "e") + flow(
        "g", "w", "e")).complete("u")
    assert case.offered == ["w", "z"]


def test_terminate_ends_the_case() -> None:
    case = Case(ENDS + node("endEvent", "k", event("terminate")) + users("a", "b") + node("parallelGateway", "g") + flow(
        "s", "g", "a", "k") + flow("g", "b", "e")).complete("a")
    assert case.is_ended
    assert case.outcome is not None
    assert case.outcome.end_element == "k"


LEVELS = ["process", "sub", "called"]


def at_level(level: str, inner: str) -> Case:
    """`inner` with a user task `u`, at the process, in a sub-process, in a called process; then `z`."""
    inside = node("startEvent", "s2") + users("u") + flow("s2", "u") + inner
    if level == "process":
        return Case(inside)
    host = sub(inside) if level == "sub" else node("callActivity", "a", calledElement="q")
    return Case(processes(p=ENDS + host + users("z") + flow("s", "a", "z", "e"), q=inside if level == "called" else ENDS))


@pytest.mark.parametrize("definition", TOLD)
@pytest.mark.parametrize("level", LEVELS)
def test_interrupting_event_sub_process_takes_its_scope_over(level: str, definition: str) -> None:
    case = at_level(level, event_sub_process("v", definition, users("w") + flow("v_s", "w")))
    assert case.armed == ["v_s"]
    assert (case.trigger("v_s").offered, case.armed) == (["w"], [])
    case.complete("w")
    assert case.is_ended if level == "process" else case.offered == ["z"]


@pytest.mark.parametrize("level", LEVELS)
def test_non_interrupting_event_sub_process_runs_beside_its_scope_each_time(level: str) -> None:
    case = at_level(level, event_sub_process("v", event("message", "m1"), users("w") + flow("v_s", "w"), interrupting=False))
    assert case.trigger("v_s").trigger("v_s").offered == ["u", "w", "w"]
    assert case.complete("u").offered == ["w", "w"]
    assert case.armed == ["v_s"]
    case.complete("w").complete("w")
    assert case.is_ended if level == "process" else case.offered == ["z"]


@pytest.mark.parametrize("level", LEVELS)
def test_error_event_sub_process_catches_what_a_job_throws(level: str) -> None:
    inner = event_sub_process("v", event("error", "E1"), users("w") + flow("v_s", "w"))
    case = at_level(level, inner).throw("u", "E1")
    assert case.offered == ["w"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_escalation_event_sub_process(*, interrupting: bool) -> None:
    inner = (node("intermediateThrowEvent", "k", event("escalation", "X1")) + users("x") + flow("u", "k", "x")
             + event_sub_process("v", event("escalation", "X1"), users("w") + flow("v_s", "w"), interrupting=interrupting))
    assert at_level("sub", inner).complete("u").offered == (["w"] if interrupting else ["w", "x"])


def test_error_thrown_again_inside_its_event_sub_process_goes_further_out() -> None:
    again = node("endEvent", "k", event("error", "E1"))
    inner = U_INSIDE + event_sub_process("v", event("error", "E1"), users("w") + again + flow("v_s", "w", "k"))
    case = Case(hosted(sub(inner), boundary("b", "a", event("error", "E1")))).throw("u", "E1").complete("w")
    assert case.offered == ["late"]


def test_event_sub_process_interrupts_another_that_runs() -> None:
    inner = (event_sub_process("v", event("message", "m1"), users("w") + flow("v_s", "w"), interrupting=False)
             + event_sub_process("t", event("timer"), users("x") + flow("t_s", "x")))
    case = at_level("sub", inner).trigger("v_s").trigger("t_s")
    assert (case.offered, case.armed) == (["x"], [])


def test_event_sub_process_may_have_its_own_boundaries_inside() -> None:
    inside = users("w", "y") + boundary("wb", "w", event("timer")) + flow("v_s", "w") + flow("wb", "y")
    case = at_level("process", event_sub_process("v", event("message", "m1"), inside)).trigger("v_s")
    assert case.trigger("wb").offered == ["y"]


def test_subscription_says_who_listens_for_what_and_whose_variables_count() -> None:
    inner = U_INSIDE + boundary("b", "u", event("timer", "PT2H")) + event_sub_process(
        "v", event("message", "m1"), users("w") + flow("v_s", "w"), interrupting=False)
    case = Case(ENDS + sub(inner) + flow("s", "a", "e"))
    host, task = case.token("a"), case.token("u")
    assert case.outcome is not None
    assert [(s.token, s.scope, s.process, s.element, s.is_interrupting) for s in case.outcome.subscriptions] == [
        (host, host, "p", "v_s", False), (task, host, "p", "b", True)]
    assert case.outcome.subscriptions[1].definition == EventDefinition("timer", timer="duration", text="PT2H")
