"""What the tests of `engine/spiff` share: diagrams in few words, a toy environment, and a case that checks itself.

`Case` runs every step twice: on a state that went through JSON and was placed anew, and on an instance that is never
rebuilt. State, trace, subscriptions, waiting tokens and the questions asked must be the same, byte for byte.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from engine.diagram.model import Process
from engine.diagram.read import read
from engine.spiff import place, run, steps, tokens
from engine.spiff.compile import Spec, compile_processes

HEAD = ('<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t" '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn">')
ROOTS = "".join(
    [f'<message id="{m}" name="{m}"/>' for m in ("m1", "m2", "m3")]
    + [f'<error id="{c}" errorCode="{c}"/>' for c in ("E1", "E2")]
    + [f'<escalation id="{c}" escalationCode="{c}"/>' for c in ("X1", "X2")])


def node(tag: str, name: str, inner: str = "", **attributes: str) -> str:
    words = "".join(f' {key.replace("_", ":")}="{value}"' for key, value in attributes.items())
    return f'<{tag} id="{name}"{words}>{inner}</{tag}>'


def users(*names: str) -> str:
    return "".join(node("userTask", name) for name in names)


def flow(*names: str, when: str | None = None) -> str:
    """Sequence flows `source_target` along the names, with a condition on each if `when`."""
    condition = f'<conditionExpression language="feel">{when}</conditionExpression>' if when else ""
    return "".join(node("sequenceFlow", f"{a}_{b}", condition, sourceRef=a, targetRef=b) for a, b in pairwise(names))


def event(kind: str, what: str | None = None) -> str:
    """An event definition: `message` name, `error`/`escalation` code, `timer` duration, `terminate`, `link` name."""
    if kind == "timer":
        tag = "timeCycle" if what and what.startswith("R") else "timeDuration"
        return f"<timerEventDefinition><{tag}>{what or 'PT1H'}</{tag}></timerEventDefinition>"
    attribute = {"terminate": "", "link": f' name="{what}"'}.get(kind, f' {kind}Ref="{what}"' if what else "")
    return f"<{kind}EventDefinition{attribute}/>"


def boundary(name: str, host: str, definition: str, *, interrupting: bool = True) -> str:
    return node("boundaryEvent", name, definition, attachedToRef=host, cancelActivity=str(interrupting).lower())


def event_sub_process(name: str, definition: str, inner: str, *, interrupting: bool = True) -> str:
    """With the start event `<name>_s`."""
    start = node("startEvent", f"{name}_s", definition, isInterrupting=str(interrupting).lower())
    return node("subProcess", name, start + inner, triggeredByEvent="true")


def many(cardinality: int | str = 3, *, sequential: bool = False, until: str | None = None) -> str:
    condition = f'<completionCondition language="feel">{until}</completionCondition>' if until else ""
    return (f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
            f"<loopCardinality>{cardinality}</loopCardinality>{condition}</multiInstanceLoopCharacteristics>")


ENDS = node("startEvent", "s") + node("endEvent", "e")


def processes(**bodies: str) -> dict[str, Process]:
    """Each in a file of its own, so that they may use the same ids."""
    return {key: _read(key, body) for key, body in bodies.items()}


def _read(key: str, body: str) -> Process:
    data = HEAD + ROOTS + node("process", key, body, isExecutable="true") + "</definitions>"
    return read(data.encode(), f"{key}.bpmn").processes[key]


class World:
    """Conditions are variable names (`not x` too); variables are one flat dict; a name in `broken` raises."""

    max_steps, max_children = 20_000, 1_000

    def __init__(self, found: Mapping[str, Process], values: Mapping[str, Any] | None = None) -> None:
        self.processes = found
        self.values: dict[str, Any] = dict(values or {})
        self.broken: dict[str, Exception] = {}
        self.scripts: dict[str, Callable[[World], None]] = {}
        self.log: list[tuple[Any, ...]] = []

    def _asked(self, what: str, name: str | None, *more: Any) -> None:
        self.log.append((what, name, *more))
        for broken in (f"{what} {name}", name or ""):
            if broken in self.broken:
                raise self.broken[broken]

    def truth(self, text: str) -> Any:
        return not self.values[text.removeprefix("not ")] if text.startswith("not ") else self.values[text]

    def opened(self, scope: int, outer: int, process: str, element: str | None, index: int | None) -> None:
        self._asked("opened", element, scope, outer, process, index)

    def closed(self, scope: int, outer: int, process: str, element: str, index: int | None) -> None:
        self._asked("closed", element, scope, outer, process, index)

    def choose(self, process: str, scope: int, flows: Sequence[str]) -> list[bool]:
        self._asked("choose", flows[0], process, scope, *flows)
        return [self.truth(str(self.processes[process].flows[f].condition)) for f in flows]

    def instances(self, process: str, element: str, scope: int, body: int) -> int:
        self._asked("instances", element, process, scope, body)
        loop = self.processes[process].elements[element].loop
        assert loop is not None
        text = str(loop.cardinality)
        return int(text) if text.isdigit() else self.values[text]

    def child_opened(self, process: str, element: str, body: int, child: int, index: int) -> None:
        self._asked("child_opened", element, process, body, child, index)

    def child_closed(self, process: str, element: str, body: int, child: int) -> None:
        self._asked("child_closed", element, process, body, child)

    def is_complete(self, process: str, element: str, body: int, done: int, total: int) -> bool:
        self._asked("is_complete", element, process, body, done, total)
        loop = self.processes[process].elements[element].loop
        assert loop is not None
        return bool(self.truth(str(loop.completion_condition)))

    def script(self, process: str, element: str, scope: int) -> None:
        self._asked("script", element, process, scope)
        self.scripts.get(element, lambda _: None)(self)

    def decide_rule(self, process: str, element: str, scope: int) -> None:
        self._asked("decide_rule", element, process, scope)

    def send(self, process: str, element: str, scope: int, token: int) -> None:
        self._asked("send", element, process, scope, token)

    def called(self, process: str, element: str, scope: int) -> str:
        self._asked("called", element, process, scope)
        return str(self.values[element])


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


class Case:
    """A case of process `p` (or the first given) that is stored and placed anew before every step."""

    def __init__(self, body: str | Mapping[str, Process] | None = None, /, *, values: Mapping[str, Any] | None = None,
                 setup: Callable[[World], None] | None = None, spec: Spec | None = None, start: bool = True,
                 event: str | None = None) -> None:
        if spec is None:
            spec = compile_processes(processes(p=body) if isinstance(body, str) else body or {})
        self.spec, self.key = spec, next(iter(spec.processes))
        self.worlds = (World(spec.processes, values), World(spec.processes, values))
        for world in self.worlds:
            if setup:
                setup(world)
        self.state: steps.State = steps.empty()
        self.never_rebuilt = run.begin(spec, steps.Start(self.key))
        self.history: list[steps.Trace] = []
        self.outcome: steps.Outcome | None = None
        if start:
            self.step(steps.Start(self.key, event))

    def set(self, **values: Any) -> "Case":
        for world in self.worlds:
            world.values |= values
        return self

    def mend(self) -> "Case":
        for world in self.worlds:
            world.broken.clear()
        return self

    @property
    def asked(self) -> list[tuple[Any, ...]]:
        return self.worlds[0].log

    def step(self, step: steps.Step) -> steps.Outcome:
        stored = json.loads(canonical(self.state))
        outcome = run.run(self.spec, stored, step, self.worlds[0])
        assert canonical(stored) == canonical(self.state), "a step changed the state that it was given"
        run.apply(self.never_rebuilt, step, self.worlds[1])
        other = run.outcome(self.never_rebuilt)
        assert canonical(outcome.state) == canonical(other.state)
        assert (outcome.trace, outcome.subscriptions, outcome.waiting) == (other.trace, other.subscriptions, other.waiting)
        assert outcome.end_element == other.end_element
        assert self.worlds[0].log == self.worlds[1].log
        if outcome.state["tokens"]:
            assert canonical(tokens.tokens(place.place(self.spec, outcome.state))) == canonical(outcome.state)
            assert place.subscriptions(self.spec, outcome.state) == list(outcome.subscriptions)
            assert place.waiting(self.spec, outcome.state) == list(outcome.waiting)
        self.state, self.outcome = json.loads(canonical(outcome.state)), outcome
        self.history += outcome.trace
        return outcome

    def rows(self, *kinds: str) -> list[steps.Row]:
        return [r for r in self.state["tokens"] if not kinds or r["is"] in kinds]

    def token(self, at: str, *kinds: str, number: int = 0) -> int:
        found = [r["id"] for r in self.rows(*kinds) if r["at"] == at]
        assert found, f"no {kinds} at {at}: {self.state}"
        return found[number]

    def complete(self, *names: str, number: int = 0) -> "Case":
        for name in names:
            self.step(steps.Complete(self.token(name, "task", "job", number=number)))
        return self

    def trigger(self, name: str, *, times: int = 1, number: int = 0) -> "Case":
        assert self.outcome is not None
        found = [s for s in self.outcome.subscriptions if s.element == name]
        assert found, f"nothing waits for {name}: {self.outcome.subscriptions}"
        self.step(steps.Trigger(found[number].token, name, times))
        return self

    def throw(self, name: str, code: str) -> "Case":
        self.step(steps.ThrowError(self.token(name, "task", "job"), code))
        return self

    def retry(self, name: str, number: int = 0) -> "Case":
        self.step(steps.Retry(self.token(name, "incident", number=number)))
        return self

    @property
    def offered(self) -> list[str]:
        """The elements with an open task or job."""
        return sorted(r["at"] for r in self.rows("task", "job"))

    @property
    def incidents(self) -> list[str]:
        return sorted(r["at"] for r in self.rows("incident"))

    @property
    def armed(self) -> list[str]:
        assert self.outcome is not None
        return sorted(s.element for s in self.outcome.subscriptions)

    @property
    def is_ended(self) -> bool:
        return not self.state["tokens"]

    @property
    def flows(self) -> list[str]:
        """The sequence flows taken so far."""
        return [f for t in self.history for f in t.flows]
