"""Random diagrams and schedules: after each step the engine offers what an independent token game of BPMN 2.0 offers.

`SPIFF_EXAMPLES` gives another number of examples. `Case` also compares placed-anew with never-rebuilt, byte for byte.
"""

import os
from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.spiff import steps
from tests.unit.bpmn_model import Game, Graph, Shape
from tests.unit.bpmn_random import Draft, to_xml
from tests.unit.spiff_case import Case, processes

CI = settings(max_examples=int(os.environ.get("SPIFF_EXAMPLES", "200")), derandomize=True, deadline=None, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example])
MOVES = 14


def seen_by_engine(case: Case) -> Counter[tuple[str, str]]:
    assert case.outcome is not None
    rows = [("open" if r["is"] in ("task", "job") else r["is"], r["at"]) for r in case.rows("task", "job", "incident")]
    return Counter(rows + [("listens", s.element) for s in case.outcome.subscriptions])


def seen_by_model(game: Game) -> Counter[tuple[str, str]]:
    return Counter([("open", w.shape.id) for w in game.tasks] + [("incident", w.shape.id) for w in game.stuck]
                   + [("listens", heard(shape)) for _, shape in game.listeners])


def heard(shape: Shape) -> str:
    """The event that is waited for: of an event sub-process its start event."""
    return shape.inner.start.id if shape.type == "handler" and shape.inner else shape.id


def values(random: Random) -> dict[str, bool]:
    return {name: random.random() < 0.5 for name in ("c0", "c1", "c2")}


def play(graph: Graph, called: dict[str, Graph], random: Random) -> int:
    """Walk one random schedule on both; the number of steps."""
    game, found = Game(graph, called), processes(p=to_xml(graph), **{key: to_xml(g) for key, g in called.items()})
    game.values = values(random)
    case = Case(found, values=game.values)
    game.start()
    for moved in range(MOVES):
        expected = seen_by_model(game)
        assert seen_by_engine(case) == expected, (moved, seen_by_engine(case) - expected, expected - seen_by_engine(case))
        assert case.is_ended == game.root.is_empty
        if not expected:
            draw_path(case)
            return moved
        game.values = values(random)
        case.set(**game.values)
        move(game, case, random)
    draw_path(case)
    return MOVES


def draw_path(case: Case) -> None:
    """From the trace alone: each token comes once and goes once; each element is entered as often as its flows say."""
    came, gone, into = Counter[int](), Counter[int](), Counter[tuple[str, str]]()
    entered = Counter[tuple[str, str]]()
    for t in case.history:
        came[t.token] += t.kind == "entered"
        gone[t.token] += t.kind in ("left", "cancelled")
        entered[t.process, t.element] += t.kind == "entered" and t.body is None
        into.update((t.process, case.spec.processes[t.process].flows[f].target) for f in t.flows)
    assert set(came.values()) == {1}
    assert {t for t in came if not gone[t]} == {r["id"] for r in case.rows()[1:]}
    assert max(gone.values(), default=0) <= 1
    for (process, name), number in entered.items():
        element = case.spec.processes[process].elements[name]
        if element.incoming and element.type not in ("parallelGateway", "inclusiveGateway"):
            assert number == into[process, name], name


def move(game: Game, case: Case, random: Random) -> None:
    """Choose one thing that can happen, the same on both sides: by element and age."""
    kind, name = random.choice(sorted(seen_by_model(game).elements()))
    if kind == "listens":
        listeners = [x for x in game.listeners if heard(x[1]) == name]
        number = random.randrange(len(listeners))
        assert case.outcome is not None
        found = sorted(s.token for s in case.outcome.subscriptions if s.element == name)
        game.tell(listeners[number])
        case.step(steps.Trigger(found[number], name))
        return
    works = [w for w in (game.tasks if kind == "open" else game.stuck) if w.shape.id == name]
    number = random.randrange(len(works))
    found = sorted(r["id"] for r in case.rows(*(["task", "job"] if kind == "open" else ["incident"])) if r["at"] == name)
    if kind == "incident":
        game.retry(works[number])
        case.step(steps.Retry(found[number]))
    elif works[number].shape.type == "job" and random.random() < 0.3:
        code = random.choice(["E1", "E2"])
        game.throw(works[number], code)
        case.step(steps.ThrowError(found[number], code))
    else:
        game.complete(works[number])
        case.step(steps.Complete(found[number]))


@CI
@given(st.randoms(use_true_random=False))
def test_block_structured_diagrams_offer_what_the_standard_says(random: Random) -> None:
    draft = Draft(random)
    graph = draft.scope(3)
    play(graph, draft.called, random)


@CI
@given(st.randoms(use_true_random=False))
def test_freely_wired_diagrams_offer_what_the_standard_says(random: Random) -> None:
    play(Draft(random).free(), {}, random)
