"""Refusals as Camunda 7 and Operaton 1.0 tell them: `{"type", "message", "code"}`, with their status codes.

A task that is gone and a lost race are a 500 there, and clients of that API know them by it; pages say 409 (`web/errors.py`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.errors import (
    AlreadyChanged,
    Conflict,
    DeploymentRefused,
    EngineError,
    Forbidden,
    InvalidForm,
    InvalidValue,
    MismatchingMessage,
    NotFound,
    Problem,
)
from web import errors
from web.rest.replies import reply

INVALID, REST = "InvalidRequestException", "RestException"
KINDS = {"process": "process definition", "definition": "process definition", "process_instance": "process instance"}
WERKZEUG = {404: "NotFoundException", 405: "NotAllowedException", 406: "NotAcceptableException", 415: "NotSupportedException",
            400: "BadRequestException"}


class RestRefusal(Exception):
    """A refusal that is told as it is; `more` are further members of its body."""

    def __init__(self, status: int, message: str, kind: str = INVALID, *, code: int | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.code, self.more = status, message, kind, code, more

    def within(self, task: str) -> "RestRefusal":
        """The same, after what it kept from being done."""
        return RestRefusal(self.status, f"{task}: {self.message}", self.kind, code=self.code, **self.more)


@contextmanager
def cannot(task: str) -> Iterator[None]:
    """Say what could not be done before why: "Cannot complete task 5: …"."""
    try:
        yield
    except RestRefusal as refusal:
        raise refusal.within(task) from refusal
    except (Forbidden, DeploymentRefused):
        raise
    except EngineError as problem:
        told = of_engine(problem)
        status = told.status if isinstance(problem, InvalidForm | InvalidValue) else HTTPStatus.INTERNAL_SERVER_ERROR
        raise RestRefusal(status, f"{task}: {told.message}", REST, code=0) from problem


def respond(error: Exception) -> Response:
    """The response for anything that was raised."""
    refusal = error if isinstance(error, RestRefusal) else of_engine(error) if isinstance(error, EngineError) else _other(error)
    body = {"type": refusal.kind, "message": refusal.message, "code": refusal.code, **refusal.more}
    response = reply(body, refusal.status)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="default"'
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = "300"
    if isinstance(error, HTTPException) and error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers.extend(header for header in error.get_headers() if header[0] == "Allow")
    return response


def of_engine(error: EngineError) -> RestRefusal:
    """The refusal for an engine's error."""
    for kind, tell in _TELLERS:
        if isinstance(error, kind):
            return tell(error)
    status = HTTPStatus.BAD_REQUEST if isinstance(error, InvalidForm | InvalidValue) else HTTPStatus.INTERNAL_SERVER_ERROR
    return RestRefusal(status, errors.sentence(error, "en"), "ProcessEngineException", code=0)


def _of_not_found(error: EngineError) -> RestRefusal:
    kind = KINDS.get(error.facts.get("kind", ""), str(error.facts.get("kind", "")))
    message = f"Cannot find {kind} with id {error.facts.get('id')}: {kind} is null"
    return RestRefusal(500, message, "NullValueException", code=0)


def _of_forbidden(error: EngineError) -> RestRefusal:
    authorization = request.authorization
    user = authorization.username if authorization else None
    missing = {"permissionName": error.code, "resourceName": str(error.facts.get("process") or error.facts.get("task") or ""),
               "resourceId": None}
    return RestRefusal(403, f"The user with id '{user}' is not allowed to do this: {errors.sentence(error, 'en')}",
                       "AuthorizationException", code=0, userId=user, missingAuthorizations=[missing])


def _of_race(error: EngineError) -> RestRefusal:
    task = error.facts.get("task")
    if error.code == "task_claimed":
        return RestRefusal(500, f"Task '{task}' is already claimed by someone else.", "TaskAlreadyClaimedException", code=0)
    return RestRefusal(500, f"Cannot find task with id {task}: task is null", "NullValueException", code=0)


def _of_conflict(error: EngineError) -> RestRefusal:
    kind = "SuspendedEntityInteractionException" if error.code == "case_suspended" else "ProcessEngineException"
    return RestRefusal(500, errors.sentence(error, "en"), kind, code=0)


def _of_message(error: EngineError) -> RestRefusal:
    name, matches = error.facts.get("name"), error.facts.get("matches", 0)
    why = f"{matches} executions match the correlation keys" if matches else (
        "No process definition or execution matches the parameters")
    return RestRefusal(400, f"MismatchingMessageCorrelationException: Cannot correlate message '{name}': {why}", REST, code=0)


def _of_deployment(error: EngineError) -> RestRefusal:
    problems: tuple[Problem, ...] = error.facts["problems"]
    wrong = "; ".join(f"{each.file}: {each.element or ''} {each.en}" for each in problems if each.severity == "error")
    details = {file: {"errors": [_problem(p) for p in problems if (p.file, p.severity) == (file, "error")],
                      "warnings": [_problem(p) for p in problems if (p.file, p.severity) == (file, "warning")]}
               for file in sorted({each.file for each in problems})}
    message = f"ENGINE-09005 Could not parse BPMN process. Errors: {wrong}"
    return RestRefusal(400, message, "ParseException", code=0, details=details)


def _problem(problem: Problem) -> Mapping[str, Any]:
    elements = [problem.element] if problem.element else []
    line = problem.facts.get("line", 0)
    return {"message": f"{problem.en} / {problem.zh}", "line": line if isinstance(line, int) else 0, "column": 0,
            "mainElementId": problem.element, "elementIds": elements, "code": problem.code, "field": problem.field}


def _other(error: Exception) -> RestRefusal:
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length or 0
        return RestRefusal(413, f"HTTP 413 Request Entity Too Large: at most {limit} bytes are taken", "ClientErrorException")
    if isinstance(error, HTTPException) and error.code is not None:
        words = HTTPStatus(error.code).phrase
        return RestRefusal(error.code, f"HTTP {error.code} {words}", WERKZEUG.get(error.code, "WebApplicationException"))
    return of_engine(errors.unforeseen(error))


_TELLERS = (
    (NotFound, _of_not_found), (Forbidden, _of_forbidden), (AlreadyChanged, _of_race), (Conflict, _of_conflict),
    (MismatchingMessage, _of_message), (DeploymentRefused, _of_deployment),
)
