"""Soundness against known answers: blocks that are sound by construction, faults put into them, and a second explorer."""

import os
from pathlib import Path
from random import Random

import pytest

from engine.diagram.read import read
from engine.diagram.soundness import Soundness, explore
from tests.bench.soundness import branches, parallel_blocks
from tests.unit.block_diagrams import Builder, faults, process
from tests.unit.bpmn_random import Draft, to_xml
from tests.unit.naive_explorer import Naive, TooLargeError, Verdict
from tests.unit.spiff_case import boundary, event, event_sub_process, flow, node, processes, users

SHIPPED = sorted((Path(__file__).parents[2] / "bpmn").glob("*.bpmn"))
DIAGRAMS = 150
ORACLE = int(os.environ.get("SOUNDNESS_EXAMPLES", "200"))
"""Small diagrams that both explorers judge."""


def judged(*parts: str) -> Soundness:
    return explore(processes(p="".join(parts))["p"])


def codes(result: Soundness) -> set[tuple[str, str]]:
    return {(f.code, f.element) for f in result.findings}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_diagram_is_sound(path: Path) -> None:
    for each in read(path.read_bytes(), path.name).processes.values():
        assert explore(each).findings == ()
        assert explore(each).is_sound


def test_block_structured_diagrams_are_sound() -> None:
    for seed in range(DIAGRAMS):
        plan = Builder(Random(seed), 14).scope(4)
        assert explore(process(plan)).findings == (), seed


def test_a_known_fault_is_found_where_it_is() -> None:
    told = 0
    for seed in range(2 * DIAGRAMS):
        random = Random(seed)
        builder = Builder(random, 12)
        plan = builder.scope(4)
        known = faults(plan, random, builder)
        if known is None:
            continue
        told += 1
        result = explore(process(plan))
        assert result.is_sound is False, seed
        found = [(f.code, f.element if known[1] else "") for f in result.findings]
        assert known in found, (seed, known, result.findings)
        allowed = {"dead_element"} | ({"join_twice", "livelock"} if known[0] == "livelock" else set())
        assert {code for code, _ in found if (code, _) != known} <= allowed, (seed, known, result.findings)
    assert told >= DIAGRAMS


@pytest.mark.parametrize("kind", ["free", "blocks"])
def test_the_naive_explorer_says_the_same(kind: str) -> None:
    compared = 0
    for seed in range(ORACLE):
        random = Random(seed)
        if kind == "free":
            made = processes(p=to_xml(Draft(random).free()))["p"]
        else:
            builder = Builder(random, 6)
            plan = builder.scope(3)
            faults(plan, random, builder)
            made = process(plan)
        if any(e.type == "subProcess" for e in made.elements.values()):
            continue
        try:
            naive = Naive(made).judge()
        except TooLargeError:
            continue
        compared += 1
        must_agree(explore(made), naive, seed)
    assert compared >= ORACLE // 3


def must_agree(result: Soundness, naive: Verdict, seed: int) -> None:
    found = codes(result)
    said = (seed, result.findings, naive)
    assert result.is_sound == naive.is_sound, said
    twice = {element for code, element in found if code == "join_twice"}
    assert bool(twice) == bool(naive.doubled), said
    if not twice:
        waiting = {element for code, element in found if code in ("deadlock", "join_never")}
        assert bool(waiting) == bool(naive.stuck), said
        assert all(any(element in each for each in naive.stuck) for element in waiting), said
        assert any(code == "livelock" for code, _ in found) == naive.has_livelock, said
        assert {element for code, element in found if code in ("dead_element", "join_never")} <= naive.dead, said
        assert bool(naive.dead) == any(code in ("dead_element", "join_never") for code, _ in found), said


# ------------------------------------------------------------------ what blocks do not have


def test_an_error_that_nothing_throws_makes_its_event_dead() -> None:
    inside = node("startEvent", "si") + node("task", "t") + node("endEvent", "ei") + flow("si", "t", "ei")
    body = [node("startEvent", "s"), node("subProcess", "sp", inside), boundary("b", "sp", event("error", "E1")), users("u"),
            node("endEvent", "e"), node("endEvent", "e2"), flow("s", "sp", "e"), flow("b", "u", "e2")]
    assert codes(judged(*body)) == {("dead_element", "b")}
    thrown = node("subProcess", "sp", inside.replace('id="ei">', f'id="ei">{event("error", "E1")}'))
    assert codes(judged(*[thrown if part.startswith("<subProcess") else part for part in body])) == {("dead_element", "e")}


def test_a_reminder_that_ends_by_itself_is_sound_even_in_a_loop() -> None:
    body = [node("startEvent", "s"), node("exclusiveGateway", "m"), users("u", "r"), node("exclusiveGateway", "x"),
            boundary("b", "u", event("timer", "R3/PT1H"), interrupting=False), node("endEvent", "e"), node("endEvent", "e2"),
            flow("s", "m", "u", "x", "m"), flow("x", "e"), flow("b", "r", "e2")]
    assert judged(*body).is_sound


def test_a_reminder_that_meets_the_main_course_is_done_twice() -> None:
    body = [node("startEvent", "s"), users("u", "v"), boundary("b", "u", event("timer"), interrupting=False),
            node("endEvent", "e"), flow("s", "u", "v", "e"), flow("b", "v")]
    assert codes(judged(*body)) == {("join_twice", "v")}


def test_a_terminate_end_takes_waiting_tokens_along() -> None:
    body = [node("startEvent", "s"), node("parallelGateway", "g"), users("u", "v"), node("exclusiveGateway", "x"),
            node("parallelGateway", "j"), node("endEvent", "stop", event("terminate")), node("endEvent", "e"),
            flow("s", "g", "u", "x", "j", "e"), flow("g", "v", "j"), flow("x", "stop")]
    assert judged(*body).is_sound
    assert codes(judged(*[part.replace(event("terminate"), "") for part in body])) == {("deadlock", "j")}


def test_two_inclusive_joins_that_wait_for_each_other_are_a_deadlock() -> None:
    body = [node("startEvent", "s"), node("parallelGateway", "g"), users("u", "v", "w", "y"), node("inclusiveGateway", "i"),
            node("inclusiveGateway", "k"), node("exclusiveGateway", "x"), node("exclusiveGateway", "z"),
            node("endEvent", "e"), node("endEvent", "e2"), flow("s", "g", "u", "i", "x", "w", "k", "z", "y", "i"),
            flow("g", "v", "k"), flow("x", "e"), flow("z", "e2")]
    found = judged(*body)
    assert {code for code, _ in codes(found)} & {"deadlock", "join_never"}


def test_an_event_sub_process_is_judged_by_itself() -> None:
    main = [node("startEvent", "s"), users("u"), node("endEvent", "e"), flow("s", "u", "e")]
    inside = users("h", "h2") + node("parallelGateway", "j") + node("exclusiveGateway", "x") + node("endEvent", "he")
    inside += flow("h_s", "x", "h", "j", "he") + flow("x", "h2", "j")
    assert judged(*main, event_sub_process("h0", event("message", "m1"), inside.replace("h_s", "h0_s"))).is_sound is False


def test_beyond_the_bound_it_says_that_it_gave_up() -> None:
    plan = branches(12, may_leave=True)
    result = explore(process(plan), most_states=200)
    assert {f.code for f in result.findings} == {"deadlock", "soundness_unknown"}
    assert {f.code for f in explore(process(branches(30, may_leave=True))).findings} == {"deadlock", "soundness_unknown"}
    assert explore(process(parallel_blocks(30, loops=3))).is_sound
    calm = [node("startEvent", "s"), users("u"), node("endEvent", "e"), flow("s", "u", "e")]
    assert explore(processes(p="".join(calm))["p"], most_states=0).is_sound is None


def test_the_path_leads_from_the_start_to_the_fault() -> None:
    body = [node("startEvent", "s"), node("exclusiveGateway", "x"), users("u", "v"), node("parallelGateway", "j"),
            node("endEvent", "e"), flow("s", "x", "u", "j", "e"), flow("x", "v", "j")]
    [found] = judged(*body).findings
    assert found.path in {("s", "s_x", "x", "x_u", "u", "u_j"), ("s", "s_x", "x", "x_v", "v", "v_j")}
