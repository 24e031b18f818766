"""How long soundness takes: the shipped diagrams, large ones that fold, and ones of which every marking must be seen."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from engine.diagram.model import Process
from engine.diagram.read import read
from engine.diagram.soundness import explore
from tests.bench.measuring import Table, medians, processor
from tests.unit.block_diagrams import Builder, Plan, process

SHIPPED = sorted((Path(__file__).parents[2] / "bpmn").glob("*.bpmn"))


AIM = 2_000


def measure(table: Table, rounds: int) -> None:
    """One row a diagram: processor time of one check, with its elements and the states that were explored."""
    found = dict(_diagrams())
    taken = medians(rounds, {name: lambda p=p: processor(1, lambda: explore(p)) for name, p in found.items()})
    for name, diagram in found.items():
        what = f"soundness, {name}: {len(diagram.elements)} elements, {explore(diagram).states} states"
        table.aim(what, "–", taken[name], AIM, "ms")


def _diagrams() -> Iterator[tuple[str, Process]]:
    largest = max((p for path in SHIPPED for p in read(path.read_bytes(), path.name).processes.values()),
                  key=lambda p: len(p.elements))
    yield largest.id, largest
    yield "30 parallel blocks, 3 loops", process(parallel_blocks(30, loops=3))
    yield "30 parallel branches", process(branches(30))
    yield "12 branches that may leave", process(branches(12, may_leave=True))


def parallel_blocks(blocks: int, *, loops: int) -> Plan:
    """Parallel blocks of two tasks each in a row, with loops around all of them."""
    names, plan = Builder(Random(0), 1), Plan()
    heads = [names.add(plan, "xor") for _ in range(loops)]
    here = names.add(plan, "start")
    for head in heads:
        names.way(plan, here, head)
        here = head
    for _ in range(blocks):
        split, join = names.add(plan, "and"), names.add(plan, "and")
        names.way(plan, here, split)
        for _ in range(2):
            task = names.add(plan, "user")
            names.way(plan, split, task)
            names.way(plan, task, join)
        here = join
    for head in reversed(heads):
        test = names.add(plan, "xor")
        names.way(plan, here, test)
        names.way(plan, test, head, when=True)
        here = test
    names.way(plan, here, names.add(plan, "end"))
    return plan


def branches(number: int, *, may_leave: bool = False) -> Plan:
    """One parallel block; `may_leave`: after its task each branch may go to an end of its own (which is a deadlock)."""
    names, plan = Builder(Random(0), 1), Plan()
    start, split, join, end = (names.add(plan, kind) for kind in ("start", "and", "and", "end"))
    names.way(plan, start, split)
    names.way(plan, join, end)
    for _ in range(number):
        task = names.add(plan, "user")
        names.way(plan, split, task)
        if may_leave:
            test = names.add(plan, "xor")
            names.way(plan, task, test)
            names.way(plan, test, names.add(plan, "end"), default=True)
            task = test
        names.way(plan, task, join)
    return plan
