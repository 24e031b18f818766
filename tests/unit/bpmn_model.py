"""A small token game of BPMN 2.0, written from the standard alone: what `engine/spiff` is compared with.

It shares no code with the engine and keeps its state in another form: tokens wait on sequence flows (`Frame.marks`) and in
activities (`Work`), not in rows. Where the standard leaves the order open, both follow `docs/tokens.md`: what can run
runs in order of arrival, then empty scopes end, oldest first, then the oldest inclusive join that is enabled goes on.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

WAITS = ("user", "job", "catch", "choice")
SCOPES = ("sub", "call", "handler")
JOINS = ("and", "or")
TOLD = ("message", "timer")


@dataclass
class Arc:
    """A sequence flow. `condition` is a variable's name, `not …` for its negation."""

    id: str
    source: str
    target: str
    condition: str | None = None
    is_default: bool = False


@dataclass
class Shape:
    """A flow node; `event` = (kind, code or name). `inner` is a sub-process's graph, `calls` the key of a called one."""

    id: str
    type: str
    event: tuple[str, str | None] | None = None
    interrupting: bool = True
    attached_to: str | None = None
    instances: int | None = None
    sequential: bool = False
    until: str | None = None
    inner: "Graph | None" = None
    calls: str | None = None


@dataclass
class Graph:
    """What stands in one scope."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    arcs: list[Arc] = field(default_factory=list)

    def out(self, name: str) -> list[Arc]:
        return [a for a in self.arcs if a.source == name]

    def into(self, name: str) -> list[Arc]:
        return [a for a in self.arcs if a.target == name]

    def attached(self, name: str) -> list[Shape]:
        return [s for s in self.shapes.values() if s.attached_to == name]

    @property
    def handlers(self) -> list[Shape]:
        return [s for s in self.shapes.values() if s.type == "handler"]

    @property
    def start(self) -> Shape:
        return next(s for s in self.shapes.values() if s.type == "start")


@dataclass(eq=False)
class Work:
    """A node at work, or queued to be."""

    shape: Shape
    frame: "Frame"
    age: int
    body: "Work | None" = None
    inner: "Frame | None" = None
    children: list["Work"] = field(default_factory=list)
    done: int = 0
    has_acted: bool = False
    is_stuck: bool = False
    is_dead: bool = False
    is_queued: bool = False
    spent: set[str] = field(default_factory=set)
    chosen: Arc | None = None


@dataclass(eq=False)
class Frame:
    """One running scope."""

    graph: Graph
    host: Work | None = None
    works: list[Work] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)
    since: dict[str, int] = field(default_factory=dict)
    is_taken_over: bool = False
    spent: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        return not self.works and not +self.marks


class Game:
    """One case of `graph`. `values` are its variables; set them between the moves."""

    def __init__(self, graph: Graph, called: Mapping[str, Graph] | None = None) -> None:
        self.called, self.values = called or {}, dict[str, bool]()
        self.ages, self.agenda = count(), deque[Work]()
        self.root = Frame(graph)

    # --- moves

    def start(self) -> None:
        self._arrive(self.root, self.root.graph.start)
        self._settle()

    def complete(self, work: Work) -> None:
        work.has_acted = True
        self._act(work)
        self._settle()

    def throw(self, work: Work, code: str) -> None:
        found = self._catcher(work.frame, "error", code, work)
        if found is None:
            work.is_stuck = True
        else:
            self._fire(*found)
        self._settle()

    def retry(self, work: Work) -> None:
        work.is_stuck = False
        if work.has_acted or work.shape.type not in WAITS:
            self._queue(work)
        self._settle()

    def tell(self, listener: "tuple[Work | Frame, Shape]") -> None:
        owner, shape = listener
        if isinstance(owner, Frame) or shape.attached_to is not None:
            self._fire(owner, shape)
        elif owner.shape.type == "choice":
            owner.chosen = next(a for a in owner.frame.graph.out(owner.shape.id) if a.target == shape.id)
            owner.has_acted = True
            self._queue(owner)
        else:
            owner.has_acted = True
            self._queue(owner)
        self._settle()

    # --- what one sees

    @property
    def frames(self) -> list[Frame]:
        found = [self.root]
        for frame in found:
            found += [w.inner for w in self._works(frame) if w.inner is not None]
        return found

    @property
    def works(self) -> list[Work]:
        return sorted((w for f in self.frames for w in self._works(f)), key=lambda w: w.age)

    def _works(self, frame: Frame) -> Iterator[Work]:
        for work in frame.works:
            yield work
            yield from work.children

    @property
    def tasks(self) -> list[Work]:
        return [w for w in self.works if w.shape.type in ("user", "job") and self._is_leaf(w) and not w.is_stuck]

    @property
    def stuck(self) -> list[Work]:
        return [w for w in self.works if w.is_stuck]

    @staticmethod
    def _is_leaf(work: Work) -> bool:
        return work.shape.instances is None or work.body is not None

    @property
    def listeners(self) -> list[tuple[Work | Frame, Shape]]:
        """Who waits for a message or timer, oldest first."""
        found: list[tuple[int, Work | Frame, Shape]] = []
        for work in self.works:
            if not work.is_stuck:
                found += [(work.age, work, s) for s in self._awaited(work)]
        for frame in self.frames:
            age = frame.host.age if frame.host else -1
            if not frame.is_taken_over and not frame.is_empty:
                found += [(age, frame, s) for s in frame.graph.handlers
                          if s.event and s.event[0] in TOLD and s.id not in frame.spent]
        return [(owner, shape) for _, owner, shape in sorted(found, key=lambda x: x[0])]

    def _awaited(self, work: Work) -> list[Shape]:
        graph, shape = work.frame.graph, work.shape
        found = [] if work.body else [s for s in graph.attached(shape.id) if s.id not in work.spent]
        if shape.type == "catch":
            found.append(shape)
        if shape.type == "choice":
            found += [graph.shapes[a.target] for a in graph.out(shape.id)]
        return [s for s in found if s.event and s.event[0] in TOLD]

    # --- running

    def _settle(self) -> None:
        while True:
            while self.agenda:
                work = self.agenda.popleft()
                work.is_queued = False
                if not work.is_dead:
                    self._act(work)
            if not self._end_scopes() and not self._pass_inclusive():
                return

    def _end_scopes(self) -> bool:
        ended = [w for w in self.works if w.inner is not None and w.inner.is_empty]
        for work in ended:
            work.inner = None
            self._queue(work)
        return bool(ended)

    def _pass_inclusive(self) -> bool:
        waiting = [(f.since[s.id], f, s) for f in self.frames for s in f.graph.shapes.values()
                   if s.type == "or" and any(f.marks[a.id] for a in f.graph.into(s.id)) and self._is_enabled(f, s)]
        if not waiting:
            return False
        _, frame, join = min(waiting, key=lambda x: x[0])
        self._consume(frame, join)
        return True

    def _is_enabled(self, frame: Frame, join: Shape) -> bool:
        filled = {a.id for a in frame.graph.into(join.id) if frame.marks[a.id]}
        places = [w.shape.id for w in frame.works if w.shape is not join or w.has_acted]
        places += [a.target for a in frame.graph.arcs if frame.marks[a.id] and a.target != join.id]
        for place in places:
            reached = self._reached(frame.graph, place, join.id)
            if reached - filled and not reached & filled:
                return False
        return True

    def _reached(self, graph: Graph, place: str, join: str) -> set[str]:
        """The incoming arcs of `join` that a token at `place` can come through, not passing `join`."""
        reached, todo, seen = set(), [place], set()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for arc in graph.out(name):
                if arc.target == join:
                    reached.add(arc.id)
                else:
                    todo.append(arc.target)
            todo += [s.id for s in graph.attached(name)]
            shape = graph.shapes[name]
            if shape.type == "throw" and shape.event and shape.event[0] == "link":
                todo += [s.id for s in graph.shapes.values() if s.type == "catch" and s.event == shape.event]
        return reached

    def _queue(self, work: Work) -> None:
        if not work.is_queued:
            work.is_queued = True
            self.agenda.append(work)

    def _arrive(self, frame: Frame, shape: Shape, arc: Arc | None = None, *, happened: bool = False) -> None:
        if shape.type in JOINS and arc is not None:
            self._mark(frame, shape, arc)
            return
        work = Work(shape, frame, next(self.ages))
        frame.works.append(work)
        self._begin(work, happened=happened)

    def _mark(self, frame: Frame, join: Shape, arc: Arc) -> None:
        into = frame.graph.into(join.id)
        if not any(frame.marks[a.id] for a in into):
            frame.since[join.id] = next(self.ages)
        frame.marks[arc.id] += 1
        while all(frame.marks[a.id] for a in into):
            self._consume(frame, join)

    def _consume(self, frame: Frame, join: Shape) -> None:
        into = frame.graph.into(join.id)
        work = Work(join, frame, frame.since[join.id])
        frame.works.append(work)
        frame.marks -= Counter({a.id: 1 for a in into if frame.marks[a.id]})
        if any(frame.marks[a.id] for a in into):
            frame.since[join.id] = next(self.ages)
        self._queue(work)

    def _begin(self, work: Work, *, happened: bool = False) -> None:
        shape = work.shape
        if shape.instances is not None and work.body is None:
            for _ in range(min(shape.instances, 1) if shape.sequential else shape.instances):
                self._child(work)
            if not work.children:
                self._queue(work)
        elif shape.type in SCOPES:
            work.inner = Frame(shape.inner or self.called[str(shape.calls)], work)
            self._arrive(work.inner, work.inner.graph.start)
        elif shape.type not in WAITS or happened or shape.event == ("link", shape.event and shape.event[1]):
            self._queue(work)

    def _child(self, body: Work) -> None:
        child = Work(body.shape, body.frame, next(self.ages), body=body)
        body.children.append(child)
        self._begin(child)

    def _act(self, work: Work) -> None:
        if not work.has_acted and self._thrown(work) and not self._catcher(work.frame, *self._thrown(work)):
            work.is_stuck = True
            return
        work.has_acted = True
        if work.body is not None:
            self._end_child(work, work.body)
            return
        arcs = self._select(work)
        if arcs is None:
            work.is_stuck = True
            return
        self._end(work, arcs)

    @staticmethod
    def _thrown(work: Work) -> tuple[str, str | None] | None:
        event = work.shape.event
        return event if work.shape.type in ("end", "throw") and event and event[0] in ("error", "escalation") else None

    def _select(self, work: Work) -> list[Arc] | None:
        if work.chosen is not None:
            return [work.chosen]
        arcs = work.frame.graph.out(work.shape.id)
        if work.shape.type == "and":
            return arcs
        true = [a for a in arcs if not a.is_default and self._holds(a.condition)] or [a for a in arcs if a.is_default]
        if arcs and not true:
            return None
        return true[:1] if work.shape.type == "xor" else true

    def _holds(self, condition: str | None) -> bool:
        if condition is None:
            return True
        return self.values[condition.removeprefix("not ")] != condition.startswith("not ")

    def _end_child(self, child: Work, body: Work) -> None:
        child.is_dead = True
        body.children.remove(child)
        body.done += 1
        if body.shape.until and self._holds(body.shape.until):
            for other in body.children:
                self._kill(other)
            body.children = []
        elif body.shape.sequential and body.done < (body.shape.instances or 0):
            self._child(body)
        if not body.children:
            self._queue(body)

    def _end(self, work: Work, arcs: list[Arc]) -> None:
        frame, shape = work.frame, work.shape
        work.is_dead = True
        frame.works.remove(work)
        if shape.type == "end" and shape.event == ("terminate", None):
            self._clear(frame)
        if thrown := self._thrown(work):
            found = self._catcher(frame, *thrown)
            if found and self._fire(*found):
                return
        if shape.type == "throw" and shape.event and shape.event[0] == "link":
            self._arrive(frame, next(s for s in frame.graph.shapes.values() if s.type == "catch" and s.event == shape.event))
        for arc in arcs:
            self._arrive(frame, frame.graph.shapes[arc.target], arc, happened=work.chosen is not None)

    # --- events

    def _kill(self, work: Work) -> None:
        for child in work.children:
            self._kill(child)
        if work.inner is not None:
            self._clear(work.inner)
        work.is_dead, work.children, work.inner = True, [], None

    def _clear(self, frame: Frame) -> None:
        for work in frame.works:
            self._kill(work)
        frame.works, frame.marks = [], Counter()

    def _fire(self, owner: Work | Frame, shape: Shape) -> bool:
        """Whether it interrupted."""
        frame = owner if isinstance(owner, Frame) else owner.frame
        interrupts = shape.interrupting or (shape.event is not None and shape.event[0] == "error")
        if interrupts and isinstance(owner, Frame):
            self._clear(frame)
            frame.is_taken_over = True
        elif interrupts and isinstance(owner, Work):
            self._kill(owner)
            frame.works.remove(owner)
        elif shape.event and shape.event[0] == "timer":
            owner.spent.add(shape.id)
        self._arrive(frame, shape)
        return interrupts

    def _catcher(self, frame: Frame, kind: str, code: str | None, activity: Work | None = None
                 ) -> tuple[Work | Frame, Shape] | None:
        inner: Shape | None = None
        if activity is not None:
            owner = activity.body or activity
            if found := self._matching(frame.graph.attached(owner.shape.id), kind, code):
                return owner, found
        here: Frame | None = frame
        while here is not None:
            handlers = [] if here.is_taken_over else [s for s in here.graph.handlers if s is not inner]
            if found := self._matching(handlers, kind, code):
                return here, found
            if here.host is not None:
                owner = here.host.body or here.host
                if found := self._matching(owner.frame.graph.attached(owner.shape.id), kind, code):
                    return owner, found
            inner, here = (here.host.shape, here.host.frame) if here.host else (None, None)
        return None

    @staticmethod
    def _matching(shapes: list[Shape], kind: str, code: str | None) -> Shape | None:
        exact = [s for s in shapes if s.event == (kind, code)]
        return next(iter(exact or [s for s in shapes if s.event == (kind, None)]), None)
