"""What can go wrong, as facts: no status code, no HTML. `web/errors.py` has the sentences for people."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


class EngineError(Exception):
    """A refusal with a stable `code` and the `facts` that a sentence about it needs."""

    code = "engine_error"

    def __init__(self, code: str | None = None, /, **facts: Any) -> None:
        self.code = code or type(self).code
        self.facts: Mapping[str, Any] = facts
        super().__init__(f"{self.code} {facts}" if facts else self.code)


class NotFound(EngineError):
    """No such row, element or file (`kind`, `id`)."""

    code = "not_found"


class Forbidden(EngineError):
    """The actor may not do this; `code` says which rule refused."""

    code = "forbidden"


class AlreadyChanged(EngineError):
    """The loser of a race: `who` changed it `at`; what they did is `what`."""

    code = "already_changed"

    def __init__(self, code: str | None = None, /, *, who: str | None = None, at: datetime | None = None,
                 what: str | None = None, **facts: Any) -> None:
        super().__init__(code, who=who, at=at, what=what, **facts)


class Conflict(EngineError):
    """The request does not fit the state (suspended, ended, another body under the same idempotency key)."""

    code = "conflict"


class InvalidForm(EngineError):
    """Submitted values do not fit the form: `errors` has `{field key: [FormProblem, …]}`."""

    code = "invalid_form"


class InvalidValue(EngineError):
    """A value given to a verb is not usable (`field`, `value`)."""

    code = "invalid_value"


class MismatchingMessage(EngineError):
    """A message met no waiting case, or several (`name`, `matches`)."""

    code = "mismatching_message"


class StepRefused(EngineError):
    """The tokens do not allow this step: `element`, `token`, and `reason` (a code of `engine/spiff`)."""

    code = "step_refused"


class LimitExceeded(EngineError):
    """A limit of one transaction was met (`limit`, `element`); becomes an incident."""

    code = "limit_exceeded"


class ExpressionError(EngineError):
    """FEEL could not be read or evaluated: `expression`, `reason`, and `position` where known."""

    code = "expression_error"


Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of the deploy gate: where it is and what to do, in both languages of the product.

    `path` has the ids of flows and elements on a way that leads to it, where there is one to show.
    """

    code: str
    severity: Severity
    file: str
    element: str | None
    field: str | None
    zh: str
    en: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    path: tuple[str, ...] = ()


class DeploymentRefused(EngineError):
    """At least one problem is an error; `problems` has every one found, errors first."""

    code = "deployment_refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems=tuple(problems))
        self.problems = tuple(problems)


class BpmnError(Exception):
    """Raised by an operation: a modelled outcome that follows the boundary event of this error code (BPMN 2.0 §10.5.1)."""

    def __init__(self, error_code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(error_code, message)
        self.error_code, self.message, self.variables = error_code, message, dict(variables or {})


class PermanentFailure(Exception):
    """Raised by an operation: a technical failure that a retry cannot cure; an incident at once."""
