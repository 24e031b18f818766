"""Sending a token back: what came after the target is withdrawn, what runs beside it stays, and the case still ends."""

import os
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import StepRefused
from engine.spiff import steps
from engine.spiff.moves import ACTIVITIES
from tests.unit.bpmn_model import Graph
from tests.unit.bpmn_random import Draft, to_xml
from tests.unit.spiff_case import (
    ENDS,
    Case,
    boundary,
    event,
    event_sub_process,
    flow,
    many,
    node,
    processes,
    users,
)

CI = settings(max_examples=int(os.environ.get("SPIFF_EXAMPLES", "200")), derandomize=True, deadline=None, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example])
PARALLEL = (ENDS + users("first", "a1", "a2", "b1", "b2", "last") + node("parallelGateway", "split")
            + node("parallelGateway", "join") + flow("s", "first", "split", "a1", "a2", "join", "last", "e")
            + flow("split", "b1", "b2", "join"))


def back(case: Case, at: str, target: str, scope: int = 1) -> Case:
    case.step(steps.Move(case.token(at, "task"), target, scope))
    return case


def refused(case: Case, at: str, target: str, scope: int = 1) -> str:
    with pytest.raises(StepRefused) as refusal:
        case.step(steps.Move(case.token(at, "task"), target, scope))
    return str(refusal.value.facts["reason"])


def test_an_earlier_step_is_offered_anew() -> None:
    case = Case(ENDS + users("a", "b") + flow("s", "a", "b", "e")).complete("a")
    before = case.token("b")
    back(case, "b", "a")
    assert case.offered == ["a"]
    assert case.token("a") > before
    assert case.complete("a", "b").is_ended


def test_what_came_after_a_split_is_withdrawn_with_what_waits_at_its_join() -> None:
    case = Case(PARALLEL).complete("first", "a1", "a2")
    assert [row["got"] for row in case.rows("join")] == [["a2_join"]]
    back(case, "b1", "first")
    assert case.offered == ["first"]
    assert case.rows("join") == []
    assert case.complete("first", "a1", "b1", "b2", "a2", "last").is_ended


def test_a_step_within_a_branch_leaves_the_other_branch_alone() -> None:
    case = Case(PARALLEL).complete("first", "a1", "b1")
    kept = case.token("b2")
    back(case, "a2", "a1")
    assert case.offered == ["a1", "b2"]
    assert case.token("b2") == kept
    assert case.complete("b2", "a1", "a2", "last").is_ended


def test_what_another_branch_brought_to_the_join_stays_there() -> None:
    case = Case(PARALLEL).complete("first", "b1", "b2", "a1")
    back(case, "a2", "a1")
    assert [row["got"] for row in case.rows("join")] == [["b2_join"]]
    assert case.complete("a1", "a2", "last").is_ended


def test_a_step_of_one_branch_only_is_refused_once_the_join_is_through() -> None:
    case = Case(PARALLEL).complete("first", "a1", "a2", "b1", "b2")
    assert refused(case, "last", "a1") == "not_before"
    assert back(case, "last", "first").offered == ["first"]


def test_a_step_of_the_other_branch_is_refused() -> None:
    case = Case(PARALLEL).complete("first", "b1", "a1")
    assert refused(case, "a2", "b1") == "not_before"


def test_a_branch_within_a_loop_does_not_reach_round_to_its_neighbour() -> None:
    body = (ENDS + users("a1", "a2", "b1", "again") + node("parallelGateway", "split") + node("parallelGateway", "join")
            + node("exclusiveGateway", "merge") + node("exclusiveGateway", "test", default="test_e")
            + flow("s", "merge", "split", "a1", "a2", "join", "again", "test", "e") + flow("split", "b1", "join")
            + flow("test", "merge", when="more"))
    case = Case(body, values={"more": True}).complete("a1")
    back(case, "a2", "a1")
    assert case.offered == ["a1", "b1"]
    case.complete("a1", "a2", "b1", "again", "a1")
    back(case, "a2", "again")
    assert case.offered == ["again"]
    assert case.set(more=False).complete("again").is_ended


def test_a_join_that_would_wait_for_ever_is_refused() -> None:
    """`fork` feeds the join with one branch and keeps the other; once the join is through, `fork` cannot be had again."""
    body = (ENDS + users("first", "other", "here", "after") + node("parallelGateway", "split") + node("parallelGateway", "fork")
            + node("parallelGateway", "join") + node("task", "work") + node("endEvent", "e2")
            + flow("s", "split", "first", "fork", "work", "join", "after", "e") + flow("split", "other", "join")
            + flow("fork", "here", "e2"))
    case = Case(body).complete("first", "other")
    assert case.offered == ["after", "here"]
    assert refused(case, "here", "first") == "join_waits"


def test_a_boundary_event_is_armed_again_and_its_branch_leads_back_to_its_host() -> None:
    body = (ENDS + users("a", "late") + boundary("b", "a", event("timer", "PT1H")) + flow("s", "a", "e")
            + flow("b", "late", "e"))
    case = Case(body).trigger("b")
    assert case.armed == []
    back(case, "late", "a")
    assert (case.offered, case.armed) == (["a"], ["b"])


def test_a_reminder_of_the_step_is_withdrawn_with_it() -> None:
    body = (ENDS + users("a", "c", "reminder") + node("endEvent", "e2")
            + boundary("b", "a", event("timer", "PT1H"), interrupting=False)
            + flow("s", "a", "c", "e") + flow("b", "reminder", "e2"))
    case = Case(body).trigger("b").complete("a")
    assert back(case, "c", "a").offered == ["a"]
    assert case.armed == ["b"]


SUB = node("subProcess", "sub", node("startEvent", "s2") + node("endEvent", "e2") + users("x", "y") + flow("s2", "x", "y", "e2"))


def test_a_step_around_the_sub_process_withdraws_all_of_it() -> None:
    case = Case(ENDS + users("a", "c") + SUB + flow("s", "a", "sub", "c", "e")).complete("a", "x")
    scope = case.token("sub", "scope")
    assert refused(case, "y", "x") == "no_element"
    assert back(case, "y", "x", scope).offered == ["x"]
    assert back(case, "x", "a").offered == ["a"]
    assert case.rows("scope") == []
    assert case.complete("a", "x", "y", "c").is_ended


def test_a_whole_sub_process_begins_anew_and_its_inside_is_closed_to_what_comes_after() -> None:
    case = Case(ENDS + users("c") + SUB + flow("s", "sub", "c", "e")).complete("x", "y")
    assert refused(case, "c", "x") == "no_element"
    assert back(case, "c", "sub").offered == ["x"]


def test_a_step_of_the_calling_process_cancels_the_called_one() -> None:
    case = Case(processes(p=ENDS + users("a") + node("callActivity", "call", calledElement="q") + flow("s", "a", "call", "e"),
                          q=ENDS + users("a", "z") + flow("s", "a", "z", "e"))).complete("a", "a")
    called = case.token("call", "scope")
    assert refused(case, "z", "a", 99) == "not_enclosing"
    assert back(case, "z", "a", called).offered == ["a"]
    assert len(case.rows("scope")) == 1
    back(case, "a", "a")
    assert case.rows("scope") == []
    assert case.complete("a", "a", "z").is_ended


def test_an_instance_of_many_goes_back_within_itself_or_all_of_them_do() -> None:
    inner = node("startEvent", "s2") + node("endEvent", "e2") + users("x", "y") + flow("s2", "x", "y", "e2") + many(2)
    case = Case(ENDS + users("a") + node("subProcess", "sub", inner) + flow("s", "a", "sub", "e")).complete("a")
    case.complete("x")
    child = next(row["in"] for row in case.rows("task") if row["at"] == "y")
    assert refused(case, "y", "a") == "in_multi_instance"
    assert back(case, "y", "x", child).offered == ["x", "x"]
    case.complete("x", "x", "y")
    assert case.offered == ["y"]
    assert back(case, "y", "sub").offered == ["x", "x"]
    assert case.complete("x", "x", "y", "y").is_ended


def test_a_step_that_an_interrupting_event_sub_process_took_over_listens_again() -> None:
    body = (ENDS + users("a") + flow("s", "a", "e")
            + event_sub_process("stop", event("message", "m1"), node("endEvent", "e2") + users("z") + flow("stop_s", "z", "e2")))
    case = Case(body).trigger("stop_s")
    assert (case.offered, case.armed) == (["z"], [])
    assert back(case, "z", "a").offered == ["a"]
    assert case.armed == ["stop_s"]


def test_the_main_path_is_not_before_a_reminder_beside_it() -> None:
    body = (ENDS + users("a") + flow("s", "a", "e") + event_sub_process(
        "beside", event("message", "m1"), node("endEvent", "e2") + users("z") + flow("beside_s", "z", "e2"), interrupting=False))
    assert refused(Case(body).trigger("beside_s"), "z", "a") == "not_before"


@pytest.mark.parametrize(("target", "reason"), [("split", "not_an_activity"), ("e", "not_an_activity"), ("none", "no_element")])
def test_only_activities_can_be_gone_back_to(target: str, reason: str) -> None:
    assert refused(Case(PARALLEL).complete("first"), "a1", target) == reason


def test_a_token_that_is_gone_is_refused() -> None:
    with pytest.raises(StepRefused) as refusal:
        Case(PARALLEL).step(steps.Move(99, "first", 1))
    assert refusal.value.facts["reason"] == "gone"


# ------------------------------------------------------------------ random diagrams
def is_plain(graph: Graph) -> bool:
    """Whether each element can hold one token at most: nothing that does not interrupt, in it or inside."""
    shapes = list(graph.shapes.values())
    return all(shape.interrupting for shape in shapes) and all(is_plain(s.inner) for s in shapes if s.inner)


def targets(case: Case) -> list[steps.Move]:
    """Every way back from every waiting task: to what was left before, in the scopes around it."""
    left = {(t.process, t.element) for t in case.history if t.kind == "left" and t.type in ACTIVITIES}
    rows = {row["id"]: row for row in case.rows()}
    found = []
    for row in case.rows("task"):
        scope = row["in"]
        while scope:
            found += [] if rows[scope]["is"] == "multi" else [steps.Move(row["id"], name, scope) for _, name in sorted(left)]
            scope = rows[scope]["in"]
    return found


def goes_back(case: Case, way: steps.Move) -> bool:
    """Whether the engine takes the step."""
    try:
        case.step(way)
    except StepRefused:
        return False
    return True


def walk(case: Case, random: Random, most: int) -> None:
    """Complete what is offered or tell what is listened for, at random."""
    for _ in range(most):
        ready = [row["id"] for row in case.rows("task", "job")]
        if not ready:
            return
        case.set(**{name: random.random() < 0.5 for name in ("c0", "c1", "c2")})
        case.step(steps.Complete(random.choice(ready)))


def finish(case: Case) -> None:
    """Complete everything, with the ways out of loops open; `incident` and catching events end the walk too."""
    for values in ({"c0": False, "c1": True, "c2": False}, {"c0": True, "c1": False, "c2": False}):
        case.set(**values)
        for _ in range(60):
            ready = [row["id"] for row in case.rows("task", "job")]
            if not ready:
                return
            case.step(steps.Complete(ready[0]))


def hangs(case: Case) -> bool:
    """Only joins wait: nothing that anybody could do would move the case."""
    assert case.outcome is not None
    waits = {row["is"] for row in case.rows()} - {"process", "scope", "multi"}
    return bool(waits) and waits == {"join"} and not case.outcome.subscriptions


def doubled(case: Case) -> list[tuple[int, str]]:
    """Elements of one scope with two tokens, and joins with two tokens of one flow."""
    stands = Counter((row["in"], row["at"]) for row in case.rows() if "i" not in row)
    came = Counter((row["id"], name) for row in case.rows("join") for name in row["got"])
    return [where for where, number in (stands + came).items() if number > 1]


@CI
@given(st.randoms(use_true_random=False))
def test_random_cases_go_on_to_the_end_after_any_way_back(random: Random) -> None:
    draft = Draft(random)
    graph = draft.scope(3)
    case = Case(processes(p=to_xml(graph), **{key: to_xml(g) for key, g in draft.called.items()}),
                values={name: random.random() < 0.5 for name in ("c0", "c1", "c2")})
    plain = is_plain(graph) and all(is_plain(each) for each in draft.called.values())
    walk(case, random, random.randint(1, 8))
    for _ in range(3):
        ways = targets(case)
        if not ways:
            return
        way = random.choice(ways)
        if not goes_back(case, way):
            continue
        assert not hangs(case)
        if plain:
            assert not doubled(case)
        walk(case, random, random.randint(0, 4))
        if plain:
            assert not doubled(case)
    finish(case)
    assert not hangs(case), case.state
