"""The tokens of a case on another version of its diagram: kept exactly or refused, never lost, never twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import StepRefused
from engine.spiff import steps
from engine.spiff.compile import Spec, compile_processes
from engine.spiff.mapping import Elements, inverse, mapped, restored
from tests.unit.spiff_case import ENDS, Case, boundary, event, flow, many, node, processes, users

PLAIN = ENDS + users("a", "b") + flow("s", "a", "b", "e")
SPLIT = (ENDS + users("a", "b", "last") + node("parallelGateway", "split") + node("parallelGateway", "join")
         + flow("s", "split", "a", "join", "last", "e") + flow("split", "b", "join"))


def spec(body: str) -> Spec:
    return compile_processes(processes(p=body))


def moved(case: Case, body: str, mapping: Elements | None = None) -> steps.State:
    return mapped(case.spec, spec(body), case.state, mapping or {}).state


def refused(case: Case, body: str, mapping: Elements | None = None) -> str:
    with pytest.raises(StepRefused) as refusal:
        moved(case, body, mapping)
    return str(refusal.value.facts["reason"])


def around(*names: str, scope: str = "sub") -> str:
    """Tasks in a row inside a sub-process, in a process of its own."""
    inner = node("startEvent", "i") + node("endEvent", "o") + users(*names) + flow("i", *names, "o")
    return ENDS + node("subProcess", scope, inner) + flow("s", scope, "e")


def at(state: steps.State) -> list[str]:
    return [row["at"] for row in state["tokens"]]


def test_the_same_diagram_changes_no_byte() -> None:
    case = Case(SPLIT).complete("a")
    assert moved(case, SPLIT) == case.state


def test_a_token_goes_where_the_mapping_says() -> None:
    case = Case(PLAIN)
    assert at(moved(case, PLAIN, {"p": {"a": "b"}})) == ["p", "b"]


@pytest.mark.parametrize(("mapping", "reason"), [({"p": {"a": None}}, "step_removed"), ({"p": {"a": "gone"}}, "no_element"),
                                                 ({"p": {"a": "e"}}, "other_type")])
def test_a_token_without_a_place_refuses(mapping: Elements, reason: str) -> None:
    assert refused(Case(PLAIN), PLAIN, mapping) == reason


def test_tokens_share_the_sub_process_that_is_opened_around_them() -> None:
    case = Case(SPLIT)
    inner = (node("startEvent", "i") + node("endEvent", "o") + users("a", "b") + node("parallelGateway", "split")
             + node("parallelGateway", "join") + flow("i", "split", "a", "join", "o") + flow("split", "b", "join"))
    found = mapped(case.spec, spec(ENDS + node("subProcess", "sub", inner) + users("last") + flow("s", "sub", "last", "e")),
                   case.state, {})
    assert at(found.state) == ["p", "sub", "a", "b"]
    assert len(found.opened) == 1


def test_a_sub_process_that_is_gone_is_dissolved() -> None:
    case = Case(around("a", "b"))
    found = mapped(case.spec, spec(PLAIN), case.state, {})
    assert (at(found.state), len(found.dissolved), found.opened) == (["p", "a"], 1, ())


def test_half_of_a_sub_process_does_not_leave_it() -> None:
    inner = (node("startEvent", "i") + node("endEvent", "o") + users("a", "b") + node("parallelGateway", "split")
             + node("parallelGateway", "join") + flow("i", "split", "a", "join", "o") + flow("split", "b", "join"))
    case = Case(ENDS + node("subProcess", "sub", inner) + flow("s", "sub", "e"))
    half = (ENDS + users("b") + node("parallelGateway", "split") + node("parallelGateway", "join")
            + node("subProcess", "sub", node("startEvent", "i") + node("endEvent", "o") + users("a") + flow("i", "a", "o"))
            + flow("s", "split", "sub", "join", "e") + flow("split", "b", "join"))
    assert refused(case, half) == "splits_scope"


def test_a_join_keeps_what_has_arrived() -> None:
    case = Case(SPLIT).complete("a")
    renamed = SPLIT.replace('"a"', '"first"').replace("a_join", "first_join").replace("split_a", "split_first")
    [join] = [row for row in moved(case, renamed, {"p": {"a": "first"}})["tokens"] if row["is"] == "join"]
    assert join["got"] == ["first_join"]


def test_a_join_that_would_wait_for_ever_refuses() -> None:
    assert refused(Case(PLAIN), SPLIT) == "join_waits"


def test_children_of_a_multi_instance_keep_their_number() -> None:
    body = ENDS + node("userTask", "a", many(3)) + flow("s", "a", "e")
    case = Case(body)
    case.step(steps.Complete(case.token("a", "task")))
    found = moved(case, body.replace('"a"', '"x"').replace("s_a", "s_x").replace("a_e", "x_e"), {"p": {"a": "x"}})
    assert [row.get("i") for row in found["tokens"] if row["is"] == "task"] == [1, 2]
    assert refused(case, ENDS + users("a") + flow("s", "a", "e")) == "other_loop"


def test_how_often_an_event_happened_is_kept_under_its_new_name_and_when_it_is_gone() -> None:
    body = PLAIN + boundary("late", "a", event("timer", "R/PT1H"), interrupting=False) + flow("late", "e")
    case = Case(body)
    case.step(steps.Trigger(case.token("a"), "late", 2))
    new = PLAIN + boundary("overdue", "a", event("timer", "R/PT1H"), interrupting=False) + flow("overdue", "e")
    [row] = [row for row in moved(case, new, {"p": {"late": "overdue"}})["tokens"] if row["at"] == "a"]
    assert row["fired"] == {"overdue": 2}
    [row] = [row for row in moved(case, PLAIN)["tokens"] if row["at"] == "a"]
    assert row["fired"] == {"late": 2}


NAMES = st.lists(st.sampled_from("vwxyz"), min_size=1, max_size=4, unique=True)


@given(names=NAMES, done=st.integers(0, 3), depth=st.integers(0, 3), back=st.booleans())
def test_no_token_is_lost_or_doubled_and_the_way_back_leads_home(
        names: list[str], done: int, depth: int, *, back: bool) -> None:
    def nested(levels: int) -> str:
        body = users(*names)
        found = node("startEvent", "s0") + node("endEvent", "e0") + body + flow("s0", *names, "e0")
        for level in range(levels):
            found = (node("startEvent", f"s{level + 1}") + node("endEvent", f"e{level + 1}")
                     + node("subProcess", f"sub{level}", found) + flow(f"s{level + 1}", f"sub{level}", f"e{level + 1}"))
        return found

    old, new = (nested(depth), nested(0)) if back else (nested(0), nested(depth))
    case = Case(old)
    for name in names[:min(done, len(names) - 1)]:
        case.complete(name)
    target = spec(new)
    found = mapped(case.spec, target, case.state, {})
    tasks = [(row["id"], row["at"]) for row in case.state["tokens"] if row["is"] == "task"]
    assert [(row["id"], row["at"]) for row in found.state["tokens"] if row["is"] == "task"] == tasks
    home = restored(case.spec, found.state, case.state).state
    assert at(home) == at(case.state)
    assert [(row["id"], row["at"]) for row in home["tokens"] if row["is"] == "task"] == tasks
    assert len({row["id"] for row in home["tokens"]}) == len(home["tokens"])
    assert home["next"] >= found.state["next"] >= case.state["next"]


def test_inverse_says_where_an_element_came_from() -> None:
    old, new = processes(p=PLAIN), processes(p=ENDS + users("x", "b", "c") + flow("s", "x", "b", "c", "e"))
    found = inverse(old, new, {"p": {"a": "x"}})["p"]
    assert (found["x"], found["b"], found["c"]) == ("a", "b", None)
