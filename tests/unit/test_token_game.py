"""Replaying small runs: what is silent, what must be found, which constructs allow what."""

from engine.diagram.model import Process
from engine.diagram.token_game import Done, Fit, Trace, could_produce
from tests.unit.spiff_case import ENDS, boundary, event, event_sub_process, flow, many, node, processes, users


def replayed(process: Process, *names: str, has_ended: bool = True, renamed: dict[str, str | None] | None = None) -> Fit:
    return could_produce(process, Trace("p", tuple(Done(name, "userTask") for name in names), has_ended), renamed=renamed)


def drawn(*parts: str) -> Process:
    return processes(p="".join(parts))["p"]


def fits(process: Process, *names: str) -> bool | None:
    return replayed(process, *names).is_possible


def test_parallel_branches_fit_in_any_order_and_both_must_come() -> None:
    process = drawn(ENDS, node("parallelGateway", "g"), node("parallelGateway", "j"), users("a", "b"),
                    flow("s", "g", "a", "j", "e"), flow("g", "b", "j"))
    assert fits(process, "a", "b")
    assert fits(process, "b", "a")
    assert replayed(process, "a") == Fit(is_possible=False, at=1, element=None)
    assert replayed(process, "a", "a") == Fit(is_possible=False, at=1, element="a")


def test_an_inclusive_join_waits_for_what_was_chosen_only() -> None:
    process = drawn(ENDS, node("inclusiveGateway", "g"), node("inclusiveGateway", "j"), users("a", "b", "c"),
                    flow("s", "g"), flow("g", "a", when="c0"), flow("g", "b", when="c1"), flow("a", "j"), flow("b", "j"),
                    flow("j", "c", "e"))
    assert fits(process, "a", "c")
    assert fits(process, "b", "a", "c")
    assert fits(process, "a", "c", "b") is False


def test_boundary_events_interrupt_or_go_beside() -> None:
    parts = ENDS, users("a", "b"), node("endEvent", "e2"), flow("s", "a", "e"), flow("t", "b", "e2")
    interrupting, beside = (drawn(*parts, boundary("t", "a", event("timer"), interrupting=each)) for each in (True, False))
    assert fits(interrupting, "t", "b")
    assert fits(interrupting, "t", "a") is False
    assert fits(beside, "t", "a", "b")
    assert fits(beside, "t", "t", "b", "a", "b")


def test_a_sub_process_ends_when_it_is_empty_and_its_event_takes_it_over() -> None:
    inner = node("startEvent", "si") + users("a", "b") + node("endEvent", "ei") + flow("si", "a", "b", "ei")
    inner += event_sub_process("h", event("message", "m1"), users("x") + node("endEvent", "he") + flow("h_s", "x", "he"))
    process = drawn(ENDS, node("subProcess", "sp", inner), users("c"), flow("s", "sp", "c", "e"))
    assert fits(process, "a", "b", "c")
    assert fits(process, "a", "c") is False
    assert could_produce(process, Trace("p", (Done("a", "userTask"), Done("h_s", "startEvent"), Done("x", "userTask"),
                                              Done("c", "userTask")))).is_possible


def test_an_error_end_leads_to_the_event_that_catches_it() -> None:
    inner = node("startEvent", "si") + users("a") + node("endEvent", "ei", event("error", "E1")) + flow("si", "a", "ei")
    process = drawn(ENDS, node("subProcess", "sp", inner), boundary("b", "sp", event("error", "E1")), users("c"),
                    node("endEvent", "e2"), flow("s", "sp", "e"), flow("b", "c", "e2"))
    assert fits(process, "a", "b", "c")
    assert replayed(process, "a") == Fit(is_possible=False, at=1, element=None)


def test_a_terminate_end_takes_the_others_along() -> None:
    process = drawn(node("startEvent", "s"), node("parallelGateway", "g"), users("a", "b"),
                    node("endEvent", "e", event("terminate")), node("endEvent", "e2"), flow("s", "g", "a", "e"),
                    flow("g", "b", "e2"))
    assert fits(process, "a")
    assert fits(process, "b", "a")
    assert fits(process, "b") is False


def test_a_multi_instance_activity_and_links_are_one_step_each() -> None:
    process = drawn(ENDS, node("userTask", "a", many(3)), node("intermediateThrowEvent", "l", event("link", "L")),
                    node("intermediateCatchEvent", "k", event("link", "L")), users("b"), flow("s", "a", "l"), flow("k", "b", "e"))
    assert fits(process, "a", "b")


def test_removed_steps_are_named_unless_they_were_given_up_and_renamed_ones_are_followed() -> None:
    process = drawn(ENDS, users("a", "b2"), flow("s", "a", "b2", "e"))
    assert replayed(process, "a", "b") == Fit(is_possible=False, at=1, element="b")
    assert replayed(process, "a", "b", renamed={"b": "b2"}).is_possible
    assert replayed(process, "a", "gone", "b2", renamed={"gone": None}).is_possible


def test_steps_of_one_moment_may_be_in_any_order() -> None:
    process = drawn(ENDS, users("a", "b"), flow("s", "a", "b", "e"))
    steps = Done("b", "userTask", 1), Done("a", "userTask", 1)
    assert could_produce(process, Trace("p", steps)).is_possible
    assert could_produce(process, Trace("p", tuple(Done(s.element, s.type) for s in steps))).is_possible is False
