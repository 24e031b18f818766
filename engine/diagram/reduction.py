"""Folds the parts of a workflow graph that are sound by their form, so that only what is left must be explored.

Sadiq, Orlowska (2000), "Analyzing process models using graph reduction techniques", Information Systems 25(2), on the ground
of Murata (1989), "Petri nets: properties, analysis and applications", Proc. IEEE 77(4); that a part with one way in and one
way out may be judged apart: Vanhatalo, Völzer, Leymann (2007), ICSOC. Every rule keeps deadlock, livelock, dead elements and
whether two tokens can stand on one way; the tests hold each against plain exploration.
"""

from itertools import groupby

from engine.diagram.workflow_graph import Arc, Gate, When, WorkflowGraph

FOLDS: frozenset[tuple[Gate, Gate]] = frozenset({
    ("xor", "xor"), ("xor", "or"), ("and", "and"), ("and", "or"), ("or", "or"),
})
"""A splitting and a joining gateway between which several ways are as good as one."""


def reduce(graph: WorkflowGraph) -> None:
    """Apply the rules until none fits; `graph` is changed."""
    while any([_sequences(graph), _bonds(graph), _ends(graph), _loops(graph)]):
        pass


def _sequences(graph: WorkflowGraph) -> bool:
    """A node with one way in and one way out is part of a way."""
    found = [n for n, node in graph.nodes.items() if not node.end and len(graph.ins[n]) == 1 and len(graph.outs[n]) == 1]
    for name in found:
        before, after = graph.arcs[graph.ins[name][0]], graph.arcs[graph.outs[name][0]]
        if before is not after:
            graph.remove(graph.ins[name][0])
            graph.remove(graph.outs[name][0])
            graph.arc(_joined(before, graph.nodes[name].element, after))
    passed = [n for n in found if not graph.ins[n]]
    for name in passed:
        del graph.nodes[name], graph.ins[name], graph.outs[name]
    return bool(passed)


def _joined(before: Arc, element: str, after: Arc) -> Arc:
    middle = (element,) if element else ()
    path = (*before.path, *(m for m in middle if m not in before.path[-1:] and m not in after.path[:1]), *after.path)
    inside = before.inside | after.inside | set(middle)
    return Arc(before.source, after.target, path, before.when, inside, before.works or after.works or bool(element))


def _bonds(graph: WorkflowGraph) -> bool:
    """Several ways between the same two gateways that fit each other, or to the same end, are one."""
    changed = False
    for source, numbers in list(graph.outs.items()):
        by_target = sorted(numbers, key=lambda n: (graph.arcs[n].target, n))
        for target, group in groupby(by_target, key=lambda n: graph.arcs[n].target):
            same = list(group)
            split, node = graph.nodes[source].split, graph.nodes[target]
            fits = split == "xor" if node.end else (split, node.join) in FOLDS
            if len(same) > 1 and fits:
                graph.arc(_bond([graph.remove(n) for n in same], split))
                changed = True
    return changed


def _bond(arcs: list[Arc], split: Gate) -> Arc:
    first = arcs[0]
    shortest = min((arc.path for arc in arcs), key=len)
    path = tuple(step for arc in arcs for step in arc.path) if split == "and" else shortest
    return Arc(first.source, first.target, path, _when(arcs), set().union(*(arc.inside | set(arc.path) for arc in arcs)),
               any(arc.works for arc in arcs))


def _when(arcs: list[Arc]) -> When:
    kinds = {arc.when for arc in arcs}
    return "always" if "always" in kinds else "condition" if "condition" in kinds else "default"


def _ends(graph: WorkflowGraph) -> bool:
    """A branch of a parallel split that only comes to its own end changes nothing for the others.

    Not so in a loop, where what is done on the branch may still be going on when the next round begins it again.
    """
    changed = False
    for name, numbers in list(graph.outs.items()):
        if graph.nodes[name].split != "and":
            continue
        ending = [n for n in numbers if graph.nodes[graph.arcs[n].target].end == "end"]
        ending = [n for n in ending if not graph.arcs[n].works] if ending and graph.leads(name, name) else ending
        kept = [n for n in numbers if n not in ending] or [max(ending, key=lambda n: graph.arcs[n].works)] if ending else []
        for number in (n for n in ending if n not in kept):
            arc = graph.remove(number)
            graph.arcs[kept[0]].inside |= arc.inside | set(arc.path) | {graph.nodes[arc.target].element}
            changed = True
    return changed


def _loops(graph: WorkflowGraph) -> bool:
    """A way straight back from an exclusive choice to the merge right before it."""
    changed = False
    for name, numbers in list(graph.outs.items()):
        way = graph.arcs[numbers[0]] if len(numbers) == 1 else None
        if way is None or graph.nodes[name].join != "xor" or len(graph.ins[way.target]) != 1:
            continue
        back = [n for n in graph.outs[way.target] if graph.arcs[n].target == name]
        if graph.nodes[way.target].split == "xor" and back and len(graph.outs[way.target]) > len(back) < len(graph.ins[name]):
            for arc in [graph.remove(n) for n in back]:
                way.inside |= arc.inside | set(arc.path)
            changed = True
    return changed
