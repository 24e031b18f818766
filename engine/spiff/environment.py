"""What a step asks while SpiffWorkflow runs: conditions, scopes, instances, scripts. Answered by `engine.evaluation`.

Ids. `process` is the key of the process in which `element` stands (two processes may use the same element ids); `scope`
is a token id: 1 for the case's own process, the token of the sub-process or call activity inside one, and for one instance
of a multi-instance activity the id of that instance. Token ids are never used twice in a case.

Failures. An exception from any method parks the token before the element as an incident with the exception's text, and
everything else goes on; `BpmnError` from `script`, `decide_rule` and `send` follows the boundary event of its code instead.
Nothing says that a scope was cancelled: after the step, variables whose scope is no token of the new state can go.
"""

from collections.abc import Sequence
from typing import Protocol


class Environment(Protocol):
    """The case's variables and expressions, for one step."""

    @property
    def max_steps(self) -> int:
        """How many elements one step may enter; the token that would enter one more becomes an incident."""

    @property
    def max_children(self) -> int:
        """How many instances one multi-instance activity may have; beyond, an incident before it."""

    def opened(self, scope: int, outer: int, process: str, element: str | None, index: int | None) -> None:
        """A scope begins, before anything in it runs.

        The process itself: `(1, 0, key, None, None)`, first call of `Start`; if that raises, so does `run`. An embedded
        or event sub-process or a call activity: its token, the scope around it, and the element (for a call in the calling
        process; in-mappings belong here). An instance of a multi-instance sub-process or call activity: `scope` is the
        instance, which `child_opened` announced just before, `outer` the multi-instance body, `index` its number.
        """

    def closed(self, scope: int, outer: int, process: str, element: str, index: int | None) -> None:
        """The last token of a sub-process or called process is gone; same arguments as `opened` (out-mappings belong here).

        Not called for the process itself, nor for a scope that is cancelled. If it raises, the incident stands at the
        element with its inside done: a retry calls `closed` again, and only that. It is called once after it returned.
        """

    def choose(self, process: str, scope: int, flows: Sequence[str]) -> list[bool]:
        """Which of these conditional sequence flows hold: one answer each, in order.

        One call for all conditions of one gateway (or of one activity's conditional flows), the default flow left out.
        """

    def instances(self, process: str, element: str, scope: int, body: int) -> int:
        """How many instances a multi-instance activity gets: its cardinality or the length of its collection.

        Once, when its token `body` begins; `body` is from here on a scope inside `scope`, to keep the collection in.
        """

    def child_opened(self, process: str, element: str, body: int, child: int, index: int) -> None:
        """Instance `index` (from 0) begins with the token `child`, a scope inside `body` (element variable, loopCounter).

        All at once in order if parallel; one after the other if sequential. Called again if its beginning failed and is
        retried.
        """

    def child_closed(self, process: str, element: str, body: int, child: int) -> None:
        """Instance `child` is done (after its `closed` if it is a sub-process or call activity, before `is_complete`)."""

    def is_complete(self, process: str, element: str, body: int, done: int, total: int) -> bool:
        """Whether the completion condition holds after `done` of `total` instances (this one counted).

        Asked after each instance, only if the activity has a completion condition. True cancels the other instances.
        """

    def script(self, process: str, element: str, scope: int) -> None:
        """Run a script task."""

    def decide_rule(self, process: str, element: str, scope: int) -> None:
        """Run a business rule task (those with `camunda:type="external"` are jobs)."""

    def send(self, process: str, element: str, scope: int, token: int) -> None:
        """Send the message of a send task (those with `camunda:type="external"` are jobs), message throw or end event."""

    def called(self, process: str, element: str, scope: int) -> str:
        """The key of the process that a call activity calls, when its `calledElement` is no key of this bundle (`${name}`)."""
