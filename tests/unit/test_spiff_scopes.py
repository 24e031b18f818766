"""Sub-processes, call activities, multi-instance activities."""

import pytest

from engine.spiff import steps
from tests.unit.spiff_case import (
    ENDS,
    Case,
    World,
    boundary,
    event,
    event_sub_process,
    flow,
    many,
    node,
    processes,
    users,
)

INNER = node("startEvent", "s2") + users("u") + node("endEvent", "e2") + flow("s2", "u", "e2")
SUB = ENDS + node("subProcess", "sp", INNER) + users("z") + flow("s", "sp", "z", "e")


def test_sub_process_ends_when_no_token_is_left_in_it() -> None:
    case = Case(SUB)
    host = case.token("sp", "scope")
    assert [(r["at"], r["in"]) for r in case.rows("task")] == [("u", host)]
    assert case.complete("u").offered == ["z"]
    assert [q for q in case.asked if q[0] in ("opened", "closed")] == [
        ("opened", None, 1, 0, "p", None), ("opened", "sp", host, 1, "p", None), ("closed", "sp", host, 1, "p", None)]


def test_sub_process_waits_for_all_its_branches() -> None:
    inner = (node("startEvent", "s2") + node("parallelGateway", "g") + users("u", "v") + flow("s2", "g", "u") + flow("g", "v"))
    case = Case(ENDS + node("subProcess", "sp", inner) + users("z") + flow("s", "sp", "z", "e"))
    assert case.complete("u").offered == ["v"]
    assert case.complete("v").offered == ["z"]


def test_trace_names_the_scope_of_each_element() -> None:
    case = Case(SUB).complete("u", "z")
    host = next(t.token for t in case.history if t.element == "sp")
    assert {t.element: t.scope for t in case.history} == {"s": 1, "sp": 1, "s2": host, "u": host, "e2": host, "z": 1, "e": 1}


CALL = node("startEvent", "s") + node("endEvent", "e") + node("callActivity", "c", calledElement="q") + users("a") + flow(
    "s", "c", "a", "e")
CALLED = node("startEvent", "s") + node("endEvent", "e") + users("a") + flow("s", "a", "e")


def test_called_process_may_use_the_same_ids() -> None:
    case = Case(processes(p=CALL, q=CALLED))
    assert case.rows("scope")[0].get("calls") == "q"
    inner = case.history[-1]
    assert (inner.element, inner.process) == ("a", "q")
    case.complete("a")
    assert (case.history[-1].element, case.history[-1].process) == ("a", "p")
    assert case.complete("a").is_ended


def test_key_to_call_can_come_from_the_environment_and_is_kept() -> None:
    body = CALL.replace('calledElement="q"', 'calledElement="${which}"')
    case = Case(processes(p=body, q=CALLED, r=CALLED.replace('"a"', '"b"')), values={"c": "r"})
    assert case.offered == ["b"]
    case.set(c="q")
    assert case.complete("b").offered == ["a"]


def test_call_of_an_unknown_process_is_an_incident_that_can_be_retried() -> None:
    body = CALL.replace('calledElement="q"', 'calledElement="${which}"')
    case = Case(processes(p=body, q=CALLED), values={"c": "nowhere"})
    assert case.incidents == ["c"]
    assert case.set(c="q").retry("c").offered == ["a"]


def test_process_may_call_itself() -> None:
    body = (ENDS + node("exclusiveGateway", "x", default="x_e") + node("callActivity", "c", calledElement="p") + users("a")
            + flow("s", "a", "x", "e") + flow("x", "c", when="deeper") + flow("c", "e"))
    case = Case(body, values={"deeper": True}).complete("a").complete("a").set(deeper=False).complete("a")
    assert case.is_ended
    assert [q[1] for q in case.asked if q[0] == "closed"] == ["c", "c"]


KINDS = {
    "task": node("userTask", "m", "{loop}"),
    "service": node("serviceTask", "m", "{loop}"),
    "sub": node("subProcess", "m", "{loop}" + INNER),
    "call": node("callActivity", "m", "{loop}", calledElement="q"),
}
OPENS = {"task": "m", "service": "m", "sub": "u", "call": "a"}


def multi(kind: str, loop: str) -> Case:
    body = ENDS + KINDS[kind].format(loop=loop) + users("z") + flow("s", "m", "z", "e")
    return Case(processes(p=body, q=CALLED), values={"enough": False, "n": 2})


@pytest.mark.parametrize("kind", KINDS)
def test_parallel_instances_run_together(kind: str) -> None:
    case = multi(kind, many(3))
    assert case.offered == [OPENS[kind]] * 3
    assert [q[5] for q in case.asked if q[0] == "child_opened"] == [0, 1, 2]
    assert case.complete(OPENS[kind], number=1).offered == [OPENS[kind]] * 2
    assert case.complete(OPENS[kind]).complete(OPENS[kind]).offered == ["z"]


@pytest.mark.parametrize("kind", KINDS)
def test_sequential_instances_run_one_after_the_other(kind: str) -> None:
    case = multi(kind, many(3, sequential=True))
    for _ in range(3):
        assert case.offered == [OPENS[kind]]
        case.complete(OPENS[kind])
    assert case.offered == ["z"]
    assert [q[5] for q in case.asked if q[0] == "child_opened"] == [0, 1, 2]


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_completion_condition_ends_the_activity_and_cancels_the_rest(kind: str, *, sequential: bool) -> None:
    case = multi(kind, many(3, sequential=sequential, until="enough")).complete(OPENS[kind])
    assert case.offered == [OPENS[kind]] * (1 if sequential else 2)
    assert case.set(enough=True).complete(OPENS[kind]).offered == ["z"]
    assert [q[4:] for q in case.asked if q[0] == "is_complete"] == [(1, 3), (2, 3)]


@pytest.mark.parametrize("sequential", [False, True])
def test_no_instances_pass_at_once(*, sequential: bool) -> None:
    assert multi("sub", many(0, sequential=sequential)).offered == ["z"]


def test_instance_is_its_own_scope_inside_the_body() -> None:
    case = multi("task", many(2))
    body, *children = (r["id"] for r in case.rows("multi", "task"))
    waiting = case.outcome.waiting if case.outcome else ()
    assert [(w.token, w.scope, w.body, w.index) for w in waiting] == [
        (children[0], children[0], body, 0), (children[1], children[1], body, 1)]


def test_scope_of_an_instance_opens_after_the_instance() -> None:
    case = multi("call", many("n"))
    body = case.token("m", "multi")
    first, second = (r["id"] for r in case.rows("scope"))
    assert [q for q in case.asked if q[1] == "m" and q[0] != "instances"] == [
        ("child_opened", "m", "p", body, first, 0), ("opened", "m", first, body, "p", 0),
        ("child_opened", "m", "p", body, second, 1), ("opened", "m", second, body, "p", 1)]
    case.complete("a")
    assert case.asked[-2:] == [("closed", "m", first, body, "p", 0), ("child_closed", "m", "p", body, first)]


@pytest.mark.parametrize("kind", KINDS)
def test_interrupting_boundary_event_cancels_all_instances(kind: str) -> None:
    body = (ENDS + KINDS[kind].format(loop=many(3)) + boundary("b", "m", event("message", "m1")) + users("z", "late")
            + flow("s", "m", "z", "e") + flow("b", "late", "e"))
    case = Case(processes(p=body, q=CALLED))
    assert case.armed == ["b"]
    case.complete(OPENS[kind]).trigger("b")
    assert (case.offered, case.armed) == (["late"], [])
    assert case.complete("late").is_ended


def test_terminate_in_an_instance_ends_that_instance_only() -> None:
    inner = (node("startEvent", "s2") + node("parallelGateway", "g") + users("u", "v") + node("endEvent", "k", event("terminate"))
             + flow("s2", "g", "u", "k") + flow("g", "v"))
    case = Case(ENDS + node("subProcess", "m", many(2) + inner) + users("z") + flow("s", "m", "z", "e"))
    assert case.complete("u").offered == ["u", "v"]
    assert case.complete("u").offered == ["z"]


def test_event_sub_process_of_one_instance_leaves_the_others_alone() -> None:
    inner = INNER + event_sub_process("v", event("message", "m1"), users("w") + flow("v_s", "w"))
    case = Case(ENDS + node("subProcess", "m", many(2) + inner) + users("z") + flow("s", "m", "z", "e"))
    assert case.armed == ["v_s", "v_s"]
    assert case.trigger("v_s", number=1).offered == ["u", "w"]
    assert case.armed == ["v_s"]
    assert case.complete("w").complete("u").offered == ["z"]


def test_a_call_s_boundary_event_and_a_start_event_in_what_it_calls_may_share_an_id() -> None:
    told = event("message", "m1")
    called = INNER.replace("s2", "s") + event_sub_process("v", told, users("w") + flow("v_s", "w"), interrupting=False)
    body = (ENDS + node("callActivity", "c", calledElement="q") + boundary("v_s", "c", told, interrupting=False)
            + users("late") + flow("s", "c", "e") + flow("v_s", "late"))
    case = Case(processes(p=body, q=called))
    host = case.token("c")
    case.step(steps.Trigger(host, "v_s", process="q"))
    assert case.offered == ["u", "w"]
    case.step(steps.Trigger(host, "v_s", process="p"))
    assert case.offered == ["late", "u", "w"]
    assert case.outcome is not None
    assert [(s.process, s.element, s.fired) for s in case.outcome.subscriptions] == [("p", "v_s", 1), ("q", "v_s", 1)]


def test_endless_self_call_meets_the_limit_and_can_be_cancelled() -> None:
    def limited(world: World) -> None:
        world.max_steps = 5_000
    case = Case(ENDS + node("callActivity", "c", calledElement="p") + flow("s", "c", "e"), setup=limited)
    assert len(case.incidents) == 1
    assert len(case.rows("scope")) > 2_000
    case.step(steps.Cancel())
    assert case.is_ended


def test_deep_self_call_unwinds() -> None:
    body = (ENDS + node("exclusiveGateway", "x", default="x_e") + node("callActivity", "c", calledElement="p")
            + node("scriptTask", "k") + flow("s", "k", "x", "e") + flow("x", "c", when="deeper") + flow("c", "e"))

    def two_thousand(world: World) -> None:
        world.scripts["k"] = lambda w: w.values.update(deeper=len(w.log) < 6_000)
    case = Case(body, values={"deeper": True}, setup=two_thousand)
    assert case.is_ended
    assert sum(q[0] == "closed" for q in case.asked) > 1_500
