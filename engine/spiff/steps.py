"""What can be asked of a case's tokens, and what comes back. All rows are plain data."""

from dataclasses import dataclass, field
from typing import Literal, NotRequired, TypedDict

from engine.diagram.model import EventDefinition

Kind = Literal["process", "scope", "multi", "task", "job", "event", "choice", "join", "new", "incident"]

# "in" and "is" are words of Python, so the functional form.
Row = TypedDict("Row", {
    "id": int,
    "in": int,
    "at": str,
    "is": Kind,
    "i": NotRequired[int],
    "n": NotRequired[int],
    "done": NotRequired[int],
    "got": NotRequired[list[str]],
    "fired": NotRequired[dict[str, int]],
    "cut": NotRequired[str],
    "calls": NotRequired[str],
    "error": NotRequired[str],
    "past": NotRequired[Literal["inside", "element"]],
})
"""One token; `docs/tokens.md` says what each key means."""


class State(TypedDict):
    """A case between two steps. `next` is the next free token id; no token left = ended."""

    next: int
    tokens: list[Row]


def empty() -> State:
    """The state before `Start`; a function, because a state is a dict that its owner may change."""
    return {"next": 1, "tokens": []}


@dataclass(frozen=True, slots=True)
class Start:
    """Begin `process` at start event `event`; None = its only start event without a definition."""

    process: str
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """A user task (`task`) or a job (`job`) has been done."""

    token: int


@dataclass(frozen=True, slots=True)
class Trigger:
    """`event` happened to the token that listens (`Subscription.element`, `.token`); `times` collapsed into one firing.

    `process` matters only where a call activity's boundary event and a start event in what it calls share an id.
    """

    token: int
    event: str
    times: int = 1
    process: str | None = None


@dataclass(frozen=True, slots=True)
class ThrowError:
    """A task or job ended with this BPMN error. Nobody catches it: the token becomes an incident that names the code."""

    token: int
    code: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Run an incident again from where it failed."""

    token: int


@dataclass(frozen=True, slots=True)
class Move:
    """Send `token` back to the activity `target`, which stands in the scope of the row `scope` (1: the process) around it."""

    token: int
    target: str
    scope: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take every token out: the case is over."""


Step = Start | Complete | Trigger | ThrowError | Retry | Move | Cancel


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing that happened to a token, in order.

    `entered` comes once for a token id; `left` ends it and has the ids of the sequence `flows` taken (empty: the token
    ended there); `cancelled` ends it too; `incident` has the `error` and leaves it alive, before or (its work done) at
    the element. `scope` is the scope whose variables it sees: the process (1), a sub-process's or called process's
    token, or for one instance of a multi-instance activity the token itself; then `body` is the token of the whole
    multi-instance activity and `index` counts from 0. `process` is the key of the process in which `element` stands.
    """

    kind: Literal["entered", "left", "cancelled", "incident"]
    element: str
    process: str
    scope: int
    token: int
    type: str
    flows: tuple[str, ...] = ()
    error: str | None = None
    index: int | None = None
    body: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A timer or message that the case waits for. Key: (`token`, `process`, `element`).

    `token` listens (host of a boundary event, catching event, event gateway, scope of an event sub-process), `element`
    is the event (for an event gateway the target, for an event sub-process its start event), with its `definition`,
    `process` and the `scope` whose variables its texts see.
    `fired` counts earlier firings of a non-interrupting one. A date or duration that has fired is gone from the list; a
    cycle stays, because only who reads its text knows its last round.
    """

    token: int
    scope: int
    process: str
    element: str
    definition: EventDefinition
    fired: int = 0
    is_interrupting: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """A token that waits for a person (`task`), a worker (`job`) or an administrator (`incident`); fields as in `Trace`."""

    kind: Literal["task", "job", "incident"]
    element: str
    process: str
    scope: int
    token: int
    type: str
    index: int | None = None
    body: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """After one step: the `state` to store, what happened, all that is waited for now.

    `end_element` is the process's end event that was reached last, None while the case runs or if it has none.
    """

    state: State
    trace: tuple[Trace, ...]
    subscriptions: tuple[Subscription, ...]
    waiting: tuple[Waiting, ...] = field(default=())
    end_element: str | None = None

    @property
    def is_ended(self) -> bool:
        """Whether no token is left."""
        return not self.state["tokens"]
