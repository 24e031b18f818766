"""Block-structured diagrams, sound by construction, and faults put into them whose finding is known beforehand."""

from dataclasses import dataclass, field
from itertools import count
from random import Random

from engine.diagram.model import Process
from tests.unit.spiff_case import boundary, event, node, processes

TAGS = {"and": "parallelGateway", "xor": "exclusiveGateway", "or": "inclusiveGateway", "choice": "eventBasedGateway"}


@dataclass
class Part:
    """A flow node: `kind` is a gateway of TAGS, or user, auto, catch, sub, call, start, end, clear, boundary, throw, link."""

    name: str
    kind: str
    host: str | None = None
    interrupting: bool = True
    what: tuple[str, str] | None = None
    inner: "Plan | None" = None


@dataclass
class Way:
    """A sequence flow; `when`: a condition, `default`: the gateway's default flow."""

    name: str
    source: str
    target: str
    when: bool = False
    default: bool = False


@dataclass
class Plan:
    """One scope; `blocks` remembers (kind, split, join) of what was nested, for the faults."""

    parts: dict[str, Part] = field(default_factory=dict)
    ways: list[Way] = field(default_factory=list)
    blocks: list[tuple[str, str, str]] = field(default_factory=list)

    def xml(self) -> str:
        """The inside of the process or sub-process."""
        return "".join(self._part(p) for p in self.parts.values()) + "".join(_way(w) for w in self.ways)

    def _part(self, part: Part) -> str:
        default = next((w.name for w in self.ways if w.source == part.name and w.default), None)
        words = {"default": default} if default else {}
        if part.kind in TAGS:
            return node(TAGS[part.kind], part.name, **words)
        if part.kind == "boundary":
            return boundary(part.name, str(part.host), event(*(part.what or ("timer", "PT1H"))), interrupting=part.interrupting)
        if part.kind == "link":
            return node("intermediateThrowEvent", part.name, event("link", part.name)) + node(
                "intermediateCatchEvent", f"{part.name}_to", event("link", part.name))
        tag, inside = {
            "user": ("userTask", ""), "auto": ("task", ""), "start": ("startEvent", ""), "end": ("endEvent", ""),
            "clear": ("endEvent", event("terminate")),
            "catch": ("intermediateCatchEvent", event(*(part.what or ("timer", "PT1H")))),
            "throw": ("intermediateThrowEvent", ""), "call": ("callActivity", ""),
            "sub": ("subProcess", part.inner.xml() if part.inner else "")}[part.kind]
        return node(tag, part.name, inside, **({"calledElement": "other"} if part.kind == "call" else {}))

    def plans(self) -> "list[Plan]":
        """This scope and all inside."""
        return [self, *(plan for part in self.parts.values() if part.inner for plan in part.inner.plans())]


def _way(way: Way) -> str:
    condition = '<conditionExpression language="feel">c</conditionExpression>' if way.when else ""
    return node("sequenceFlow", way.name, condition, sourceRef=way.source, targetRef=way.target)


def process(plan: Plan) -> Process:
    """The diagram as the engine reads it."""
    return processes(p=plan.xml())["p"]


class Builder:
    """Draws at random; `size` is how many blocks it may nest."""

    def __init__(self, random: Random, size: int) -> None:
        self.random, self.size, self.names = random, size, count(1)

    def name(self, stem: str) -> str:
        return f"{stem}{next(self.names)}"

    def add(self, plan: Plan, kind: str, **more: object) -> str:
        part = Part(self.name(kind[0]), kind, **more)  # type: ignore[arg-type]  # the keywords are Part's own
        plan.parts[part.name] = part
        return part.name

    def way(self, plan: Plan, source: str, target: str, *, when: bool = False, default: bool = False) -> str:
        plan.ways.append(Way(self.name("f"), source, target, when, default))
        return plan.ways[-1].name

    def scope(self, depth: int) -> Plan:
        plan = Plan()
        start, (entry, leave), last = self.add(plan, "start"), self.block(plan, depth), self.add(plan, "user")
        self.way(plan, start, entry)
        self.way(plan, leave, last)
        self.way(plan, last, self.add(plan, "end"))
        return plan

    def block(self, plan: Plan, depth: int) -> tuple[str, str]:
        self.size -= 1
        if depth <= 0 or self.size <= 0:
            name = self.add(plan, self.random.choice(["user", "auto", "catch", "call", "throw"]))
            return name, name
        kind = self.random.choice(["seq", "seq", "and", "and", "xor", "or", "choice", "loop", "sub", "hosted", "reminded",
                                   "link"])
        made: tuple[str, str] = getattr(self, f"_{kind}")(plan, depth - 1)
        return made

    def _seq(self, plan: Plan, depth: int) -> tuple[str, str]:
        first, middle = self.block(plan, depth)
        between, last = self.block(plan, depth)
        self.way(plan, middle, between)
        return first, last

    def _gateways(self, plan: Plan, depth: int, kind: str) -> tuple[str, str]:
        split, join = self.add(plan, kind), self.add(plan, kind)
        after = self.add(plan, "user")
        number = self.random.randint(2, 4)
        for each in range(number):
            entry, leave = self.block(plan, depth)
            is_default = kind != "and" and each == number - 1
            self.way(plan, split, entry, when=kind != "and" and not is_default, default=is_default)
            self.way(plan, leave, join)
        self.way(plan, join, after)
        plan.blocks.append((kind, split, join))
        return split, after

    def _and(self, plan: Plan, depth: int) -> tuple[str, str]:
        return self._gateways(plan, depth, "and")

    def _xor(self, plan: Plan, depth: int) -> tuple[str, str]:
        return self._gateways(plan, depth, "xor")

    def _or(self, plan: Plan, depth: int) -> tuple[str, str]:
        return self._gateways(plan, depth, "or")

    def _choice(self, plan: Plan, depth: int) -> tuple[str, str]:
        split, join = self.add(plan, "choice"), self.add(plan, "xor")
        for what in (("message", "m1"), ("timer", "PT1H")):
            caught = self.add(plan, "catch", what=what)
            entry, leave = self.block(plan, depth)
            for source, target in ((split, caught), (caught, entry), (leave, join)):
                self.way(plan, source, target)
        return split, join

    def _loop(self, plan: Plan, depth: int) -> tuple[str, str]:
        merge, test, after = self.add(plan, "xor"), self.add(plan, "xor"), self.add(plan, "user")
        entry, leave = self.block(plan, depth)
        self.way(plan, merge, entry)
        self.way(plan, leave, test)
        self.way(plan, test, merge, when=True)
        self.way(plan, test, after, default=True)
        plan.blocks.append(("loop", test, merge))
        return merge, after

    def _sub(self, plan: Plan, depth: int) -> tuple[str, str]:
        name = self.add(plan, "sub", inner=self.scope(depth))
        return name, name

    def _link(self, plan: Plan, depth: int) -> tuple[str, str]:
        name = self.add(plan, "link")
        entry, leave = self.block(plan, depth)
        self.way(plan, f"{name}_to", entry)
        return name, leave

    def _host(self, plan: Plan, depth: int) -> str:
        return self._sub(plan, depth)[0] if self.random.random() < 0.4 else self.add(plan, "user")

    def _hosted(self, plan: Plan, depth: int) -> tuple[str, str]:
        """An interrupting event whose branch meets the normal one again, or ends nowhere else than it."""
        host, merge = self._host(plan, depth), self.add(plan, "xor")
        caught = self.add(plan, "boundary", host=host)
        entry, leave = self.block(plan, depth)
        for source, target in ((host, merge), (caught, entry), (leave, merge)):
            self.way(plan, source, target)
        return host, merge

    def _reminded(self, plan: Plan, depth: int) -> tuple[str, str]:
        """A non-interrupting event whose branch ends by itself."""
        host = self._host(plan, depth)
        caught = self.add(plan, "boundary", host=host, interrupting=False)
        entry, leave = self.block(plan, depth)
        self.way(plan, caught, entry)
        self.way(plan, leave, self.add(plan, "end"))
        return host, host


Known = tuple[str, str]
"""(code, element)"""


def faults(plan: Plan, random: Random, names: Builder) -> Known | None:
    """Put one fault into a block of `plan` and say what must be found; None if no block has room for one."""
    found = [(scope, block) for scope in plan.plans() for block in scope.blocks]
    if not found:
        return None
    scope, (kind, split, join) = random.choice(found)
    if kind == "loop":
        return _endless(scope, split, join)
    is_one_of_two = sum(w.source == split for w in scope.ways) < 3  # a condition and the default: never both
    choices = {"and": [_merged, _chosen, _leaves], "xor": [_waited, _forked],
               "or": [_all_waited] if is_one_of_two else [_merged, _all_waited]}[kind]
    return random.choice(choices)(scope, split, join, names)


def _endless(plan: Plan, test: str, merge: str) -> Known:
    """The way out of the loop goes back as well."""
    way = next(w for w in plan.ways if w.source == test and w.target != merge)
    way.target = merge
    return "livelock", ""


def _merged(plan: Plan, split: str, join: str, names: Builder) -> Known:
    """A parallel (inclusive) split, an exclusive join: what follows is done several times."""
    plan.parts[join].kind = "xor"
    return "join_twice", join


def _chosen(plan: Plan, split: str, join: str, names: Builder) -> Known:
    """An exclusive split, a parallel join."""
    plan.parts[split].kind = "xor"
    return "join_never", join


def _leaves(plan: Plan, split: str, join: str, names: Builder) -> Known:
    """One of the parallel branches may go to an end of its own."""
    way = next(w for w in plan.ways if w.target == join)
    gate = names.add(plan, "xor")
    way.target = gate
    names.way(plan, gate, join, when=True)
    names.way(plan, gate, names.add(plan, "end"), default=True)
    return "deadlock", join


def _waited(plan: Plan, split: str, join: str, names: Builder) -> Known:
    """An exclusive split, a parallel join."""
    plan.parts[join].kind = "and"
    return "join_never", join


def _forked(plan: Plan, split: str, join: str, names: Builder) -> Known:
    """A parallel split, an exclusive join."""
    plan.parts[split].kind = "and"
    for way in plan.ways:
        if way.source == split:
            way.when = way.default = False
    return "join_twice", join


def _all_waited(plan: Plan, split: str, join: str, names: Builder) -> Known:
    """An inclusive split with a default flow, a parallel join: no choice takes all branches."""
    plan.parts[join].kind = "and"
    return "join_never", join
