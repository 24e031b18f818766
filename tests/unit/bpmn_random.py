"""Random diagrams: block-structured with every construct nested, and unstructured with gateways wired freely."""

from itertools import count
from random import Random

from tests.unit.bpmn_model import Arc, Graph, Shape
from tests.unit.spiff_case import boundary, event, many, node

CONDITIONS = ("c0", "c1", "c2", "not c0", "not c1")
LEAVES = ("user", "user", "user", "job", "auto", "many")
BLOCKS = ("seq", "seq", "and", "and", "xor", "or", "choice", "loop", "sub", "sub", "call", "many_sub", "hosted", "throw", "link",
          "split", "inner_end")


class Draft:
    """A bundle under construction; every choice comes from `random`, so that hypothesis can shrink it."""

    def __init__(self, random: Random) -> None:
        self.random, self.names, self.called = random, count(), dict[str, Graph]()
        self.budget = random.randint(4, 26)

    def name(self, stem: str) -> str:
        return f"{stem}_{next(self.names)}"

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def add(self, graph: Graph, shape: Shape) -> str:
        graph.shapes[shape.id] = shape
        self.budget -= 1
        return shape.id

    def arc(self, graph: Graph, source: str, target: str, condition: str | None = None, *, default: bool = False) -> None:
        graph.arcs.append(Arc(self.name("f"), source, target, condition, is_default=default))

    def condition(self) -> str:
        return self.random.choice(CONDITIONS)

    def repeat(self, shape: Shape) -> None:
        shape.instances, shape.sequential = self.random.randint(0, 3), self.chance(50)
        shape.until = self.condition() if self.chance(30) else None

    # --- block-structured: each block gives its first and last element

    def scope(self, depth: int, *, start: Shape | None = None, may_escape: bool = True) -> Graph:
        graph = Graph()
        first = self.add(graph, start or Shape(self.name("start"), "start"))
        entry, leave = self.block(graph, depth)
        end = self.add(graph, self.end(may_escape=may_escape))
        self.arc(graph, first, entry)
        self.arc(graph, leave, end)
        if depth > 0 and self.chance(35):
            self.handler(graph, depth - 1)
        return graph

    def end(self, *, may_escape: bool = True) -> Shape:
        kind = self.random.choice(["none"] * 5 + ["terminate", "error", "escalation"]) if may_escape else "none"
        code = {"error": "E1", "escalation": "X1"}.get(kind)
        return Shape(self.name("end"), "end", (kind, code) if kind != "none" else None)

    def handler(self, graph: Graph, depth: int) -> None:
        kind = self.random.choice(["message", "message", "timer", "error", "escalation"])
        what = {"message": "m1", "timer": "PT1H", "error": self.random.choice(["E1", "E2", None]),
                "escalation": self.random.choice(["X1", None])}[kind]
        interrupting = kind == "error" or self.chance(50)
        start = Shape(self.name("start"), "start", (kind, what), interrupting)
        inner = self.scope(depth, start=start)
        self.add(graph, Shape(self.name("handler"), "handler", (kind, what), interrupting, inner=inner))

    def block(self, graph: Graph, depth: int) -> tuple[str, str]:
        if depth <= 0 or self.budget <= 0:
            return self.leaf(graph)
        made: tuple[str, str] = getattr(self, f"_{self.random.choice(BLOCKS)}")(graph, depth - 1)
        return made

    def leaf(self, graph: Graph) -> tuple[str, str]:
        kind = self.random.choice(LEAVES)
        shape = Shape(self.name(kind[0]), "user" if kind == "many" else kind)
        if kind == "many":
            shape.type = self.random.choice(["user", "user", "auto"])
            self.repeat(shape)
        name = self.add(graph, shape)
        return name, name

    def _seq(self, graph: Graph, depth: int) -> tuple[str, str]:
        first, middle = self.block(graph, depth)
        between, last = self.block(graph, depth)
        self.arc(graph, middle, between)
        return first, last

    def _branches(self, graph: Graph, depth: int, split: str, join: str, kind: str) -> None:
        total = self.random.randint(2, 3)
        default = self.random.randrange(total) if kind in ("xor", "or") and self.chance(85) else None
        for i in range(total):
            entry, leave = self.block(graph, depth)
            condition = self.condition() if kind in ("xor", "or") and i != default else None
            self.arc(graph, split, entry, condition, default=i == default)
            self.arc(graph, leave, join)

    def _gateways(self, graph: Graph, depth: int, kind: str) -> tuple[str, str]:
        split, join = self.add(graph, Shape(self.name("split"), kind)), self.add(graph, Shape(self.name("join"), kind))
        self._branches(graph, depth, split, join, kind)
        return split, join

    def _and(self, graph: Graph, depth: int) -> tuple[str, str]:
        return self._gateways(graph, depth, "and")

    def _xor(self, graph: Graph, depth: int) -> tuple[str, str]:
        return self._gateways(graph, depth, "xor")

    def _or(self, graph: Graph, depth: int) -> tuple[str, str]:
        return self._gateways(graph, depth, "or")

    def _split(self, graph: Graph, depth: int) -> tuple[str, str]:
        """A task with conditional flows, and an inclusive join."""
        split, join = self.add(graph, Shape(self.name("u"), "user")), self.add(graph, Shape(self.name("join"), "or"))
        self._branches(graph, depth, split, join, "or")
        return split, join

    def _choice(self, graph: Graph, depth: int) -> tuple[str, str]:
        split, join = self.add(graph, Shape(self.name("choice"), "choice")), self.add(graph, Shape(self.name("join"), "xor"))
        for told in (("message", "m1"), ("timer", "PT1H")):
            caught = self.add(graph, Shape(self.name("catch"), "catch", told))
            entry, leave = self.block(graph, depth)
            for source, target in ((split, caught), (caught, entry), (leave, join)):
                self.arc(graph, source, target)
        return split, join

    def _loop(self, graph: Graph, depth: int) -> tuple[str, str]:
        merge, test = self.add(graph, Shape(self.name("merge"), "xor")), self.add(graph, Shape(self.name("test"), "xor"))
        wait = self.add(graph, Shape(self.name("u"), "user"))
        after = self.add(graph, Shape(self.name("a"), "auto"))
        entry, leave = self.block(graph, depth)
        for source, target in ((merge, wait), (wait, entry), (leave, test)):
            self.arc(graph, source, target)
        self.arc(graph, test, merge, self.condition())
        self.arc(graph, test, after, default=True)
        return merge, after

    def _hosts(self, graph: Graph, host: str, depth: int) -> tuple[str, str]:
        """Boundary events on `host`, whose branches end or meet it again."""
        merge = self.add(graph, Shape(self.name("merge"), "xor"))
        self.arc(graph, host, merge)
        for kind in self.random.choices(["message", "timer", "error", "escalation"], k=self.random.randint(0, 3)):
            what = {"message": "m2", "timer": "PT2H", "error": self.random.choice(["E1", "E2", None]),
                    "escalation": self.random.choice(["X1", None])}[kind]
            name = self.add(graph, Shape(self.name("b"), "boundary", (kind, what), kind == "error" or self.chance(50),
                                         attached_to=host))
            entry, leave = self.block(graph, depth)
            self.arc(graph, name, entry)
            self.arc(graph, leave, merge if self.chance(50) else self.add(graph, self.end()))
        return host, merge

    def _hosted(self, graph: Graph, depth: int) -> tuple[str, str]:
        kind = self.random.choice(["user", "job"])
        shape = Shape(self.name(kind[0]), kind)
        if kind == "job" and self.chance(40):
            self.repeat(shape)
        return self._hosts(graph, self.add(graph, shape), depth)

    def _sub(self, graph: Graph, depth: int) -> tuple[str, str]:
        name = self.add(graph, Shape(self.name("sub"), "sub", inner=self.scope(depth)))
        return self._hosts(graph, name, depth)

    def _call(self, graph: Graph, depth: int) -> tuple[str, str]:
        key = self.name("process")
        self.called[key] = self.scope(depth)
        return self._hosts(graph, self.add(graph, Shape(self.name("call"), "call", calls=key)), depth)

    def _many_sub(self, graph: Graph, depth: int) -> tuple[str, str]:
        first, last = self.random.choice([self._sub, self._call])(graph, depth)
        self.repeat(graph.shapes[first])
        return first, last

    def _throw(self, graph: Graph, depth: int) -> tuple[str, str]:
        name = self.add(graph, Shape(self.name("throw"), "throw", ("escalation", "X1")))
        entry, leave = self.block(graph, depth)
        self.arc(graph, name, entry)
        return name, leave

    def _link(self, graph: Graph, depth: int) -> tuple[str, str]:
        link = ("link", self.name("L"))
        name = self.add(graph, Shape(self.name("throw"), "throw", link))
        caught = self.add(graph, Shape(self.name("catch"), "catch", link))
        entry, leave = self.block(graph, depth)
        self.arc(graph, caught, entry)
        return name, leave

    def _inner_end(self, graph: Graph, depth: int) -> tuple[str, str]:
        """A fork of which one branch ends by itself."""
        split = self.add(graph, Shape(self.name("split"), self.random.choice(["and", "or"])))
        entry, leave = self.block(graph, depth)
        other, last = self.block(graph, depth)
        for source, target in ((split, entry), (split, other), (last, self.add(graph, self.end()))):
            self.arc(graph, source, target)
        return split, leave

    # --- unstructured

    def free(self) -> Graph:
        """Elements in a row; flows forward at will, backward only to user tasks, so that every loop waits."""
        graph = Graph()
        total = self.random.randint(4, 14)
        kinds = [self.random.choice(["user", "user", "user", "xor", "and", "and", "or", "or", "auto"]) for _ in range(total)]
        names = [self.add(graph, Shape(self.name(kind[0]), kind)) for kind in kinds]
        names = [self.add(graph, Shape("start", "start")), *names, self.add(graph, Shape("end", "end"))]
        for i, name in enumerate(names[:-1]):
            self._wire(graph, i, name, names)
        for i, name in enumerate(names[1:], 1):
            if not graph.into(name):
                source = self.random.choice([n for n in names[:i] if graph.shapes[n].type != "start"] or names[:1])
                self.arc(graph, source, name, self._free_condition(graph, source))
        return graph

    def _wire(self, graph: Graph, i: int, name: str, names: list[str]) -> None:
        gateway = graph.shapes[name].type in ("xor", "and", "or")
        back = [n for n in names[1:i] if graph.shapes[n].type == "user"]
        for k in range(self.random.randint(1, 3) if gateway else 1):
            ahead = names[i + 1:i + 5]
            target = self.random.choice(back) if back and k and self.chance(50) else self.random.choice(ahead)
            default = graph.shapes[name].type in ("xor", "or") and k == 0
            self.arc(graph, name, target, None if default else self._free_condition(graph, name), default=default)

    def _free_condition(self, graph: Graph, name: str) -> str | None:
        return self.condition() if graph.shapes[name].type in ("xor", "or") else None


TAGS = {"user": "userTask", "job": "serviceTask", "auto": "manualTask", "xor": "exclusiveGateway", "and": "parallelGateway",
        "or": "inclusiveGateway", "choice": "eventBasedGateway", "catch": "intermediateCatchEvent", "start": "startEvent",
        "end": "endEvent", "throw": "intermediateThrowEvent", "sub": "subProcess", "call": "callActivity",
        "handler": "subProcess"}


def to_xml(graph: Graph) -> str:
    """The inside of the process or sub-process."""
    return "".join(_shape(graph, s) for s in graph.shapes.values()) + "".join(_arc(a) for a in graph.arcs)


def _arc(arc: Arc) -> str:
    condition = f'<conditionExpression language="feel">{arc.condition}</conditionExpression>' if arc.condition else ""
    return node("sequenceFlow", arc.id, condition, sourceRef=arc.source, targetRef=arc.target)


def _shape(graph: Graph, shape: Shape) -> str:
    definition = event(*shape.event) if shape.event and shape.type != "handler" else ""
    if shape.type == "boundary":
        return boundary(shape.id, str(shape.attached_to), definition, interrupting=shape.interrupting)
    words = {}
    if default := next((a.id for a in graph.out(shape.id) if a.is_default), None):
        words["default"] = default
    if shape.type == "start" and shape.event:
        words["isInterrupting"] = str(shape.interrupting).lower()
    if shape.type == "handler":
        words["triggeredByEvent"] = "true"
    if shape.calls:
        words["calledElement"] = shape.calls
    loop = many(shape.instances, sequential=shape.sequential, until=shape.until) if shape.instances is not None else ""
    return node(TAGS[shape.type], shape.id, definition + loop + (to_xml(shape.inner) if shape.inner else ""), **words)
