"""Long loops, long diagrams, many threads: cost depends on the tokens that live, and every task is offered."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise

from engine.diagram.model import Element, Flow, Process
from engine.spiff import place, run, steps
from engine.spiff.compile import Spec, compile_processes
from tests.unit.spiff_case import ENDS, World, flow, node, processes, users

LOOP = (ENDS + node("exclusiveGateway", "m") + node("exclusiveGateway", "x", default="x_e") + flow("x", "m", when="again")
        + flow("x", "e"))


def open_tasks(state: steps.State) -> list[tuple[str, int]]:
    return [(r["at"], r["id"]) for r in state["tokens"] if r["is"] == "task"]


def compiled(body: str) -> Spec:
    return compile_processes(processes(p=body))


def test_5000_rounds_each_offer_their_task_and_the_state_stays_small() -> None:
    spec = compiled(LOOP + users("a") + flow("s", "m", "a", "x"))
    world = World(spec.processes, {"again": True})
    state = run.run(spec, steps.empty(), steps.Start("p"), world).state
    offered = set()
    for _ in range(5000):
        ((element, token),) = open_tasks(state)
        assert element == "a"
        offered.add(token)
        state = run.run(spec, state, steps.Complete(token), world).state
    assert len(offered) == 5000
    assert len(json.dumps(state)) < 200
    world.values["again"] = False
    outcome = run.run(spec, state, steps.Complete(open_tasks(state)[0][1]), world)
    assert (outcome.is_ended, outcome.end_element) == (True, "e")


def test_5000_automatic_rounds_in_one_step() -> None:
    spec, rounds = compiled(LOOP + node("scriptTask", "a") + flow("s", "m", "a", "x")), count(1)
    world = World(spec.processes, {"again": True})
    world.scripts["a"] = lambda w: w.values.update(again=next(rounds) < 5000)
    outcome = run.run(spec, steps.empty(), steps.Start("p"), world)
    assert outcome.is_ended
    assert sum(q[0] == "script" for q in world.log) == 5000


def test_30_parallel_blocks_in_a_row_never_need_more_tasks_than_tokens() -> None:
    body, last = ENDS, "s"
    for i in range(30):
        body += (users(f"a{i}", f"b{i}") + node("parallelGateway", f"g{i}") + node("parallelGateway", f"j{i}")
                 + flow(last, f"g{i}", f"a{i}", f"j{i}") + flow(f"g{i}", f"b{i}", f"j{i}"))
        last = f"j{i}"
    spec = compiled(body + flow(last, "e"))
    world, offered = World(spec.processes), []
    state = run.run(spec, steps.empty(), steps.Start("p"), world).state
    while state["tokens"]:
        assert len(place.place(spec, state).tasks) == len(state["tokens"]) <= 3
        element, token = open_tasks(state)[0]
        offered.append(element)
        state = run.run(spec, state, steps.Complete(token), world).state
    assert offered == [f"{k}{i}" for i in range(30) for k in "ab"]


def row_of_tasks(names: list[str]) -> Process:
    """Rows written here, because a file of that length is refused."""
    flows = {f"f{i}": Flow(f"f{i}", "", "", a, b, "p", None) for i, (a, b) in enumerate(pairwise(names))}
    elements = {n: Element(n, "userTask", "", "", "p", "p", incoming=(f"f{i - 1}",) if i else (),
                           outgoing=(f"f{i}",) if i < len(flows) else ()) for i, n in enumerate(names)}
    return Process("p", "", "", is_executable=True, elements=elements, flows=flows, lanes=(), properties={}, attributes={})


def test_3000_tasks_in_a_row_are_all_offered_in_order() -> None:
    names = [f"t{i}" for i in range(3000)]
    spec = compile_processes({"p": row_of_tasks(names)})
    world, offered = World(spec.processes), []
    state = run.run(spec, steps.empty(), steps.Start("p"), world).state
    while state["tokens"]:
        ((element, token),) = open_tasks(state)
        offered.append(element)
        state = run.run(spec, state, steps.Complete(token), world).state
    assert offered == names


def test_parallel_block_inside_a_loop_joins_in_every_round() -> None:
    spec = compiled(LOOP + users("a", "b", "z") + node("parallelGateway", "g") + node("parallelGateway", "j")
                    + flow("s", "m", "g", "a", "j", "z", "x") + flow("g", "b", "j"))
    world = World(spec.processes, {"again": True})
    state = run.run(spec, steps.empty(), steps.Start("p"), world).state
    for i in range(200):
        first, second = ("a", "b") if i % 3 else ("b", "a")
        for element, left in ((first, [second]), (second, ["z"]), ("z", ["a", "b"])):
            state = run.run(spec, state, steps.Complete(dict(open_tasks(state))[element]), world).state
            assert sorted(e for e, _ in open_tasks(state)) == left


def fingerprint(spec: Spec) -> str:
    """Everything a run could write into the shared specification."""
    return repr([(name, sorted(vars(scope)), [(node.name, sorted((k, repr(v)) for k, v in vars(node).items() if k != "_wf_spec"))
                                             for node in scope.task_specs.values()]) for name, scope in spec.scopes.items()])


def walk(spec: Spec, rounds: int) -> bytes:
    world = World(spec.processes, {"again": True, "v": True})
    state, states = run.run(spec, steps.empty(), steps.Start("p"), world).state, []
    for i in range(rounds):
        world.values.update(again=i < rounds - 4, v=i % 2 == 0)
        for _, token in open_tasks(state):
            state = run.run(spec, state, steps.Complete(token), world).state
            states.append(state)
    return json.dumps(states).encode()


def test_two_threads_share_a_spec_for_1000_cases_and_never_change_it() -> None:
    inner = node("startEvent", "s2") + users("u") + flow("s2", "u")
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    spec = compiled(LOOP + users("a", "b") + node("inclusiveGateway", "o", default="o_b") + node("inclusiveGateway", "j")
                    + node("subProcess", "sp", loop + inner) + flow("s", "m", "o") + flow("o", "a", when="v")
                    + flow("o", "b") + flow("a", "j", "sp", "x") + flow("b", "j"))
    before, alone = fingerprint(spec), walk(spec, 6)
    with ThreadPoolExecutor(2) as threads:
        results = set(threads.map(lambda _: walk(spec, 6), range(1000)))
    assert results == {alone}
    assert fingerprint(spec) == before
