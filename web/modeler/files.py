"""What the editor asks of the server: files of a draft, sessions, checks (docs/architecture.md, the editor's routes)."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from flask import Response, jsonify, request

from engine import deployments, identity
from engine.diagram.check import File
from engine.errors import DeploymentRefused, EngineError, InvalidValue, Problem
from engine.modeling import checks, drafts
from engine.modeling.drafts import Other
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.layout import island, words
from web.modeler.room import must_model, pages, titles_of

TOUCH = 30  # seconds between two touches of an open session
TYPES = {"process": "application/xml", "decision": "application/xml", "form": "application/json",
         "scenario": "application/json"}
View = TypeVar("View", bound=Callable[..., Any])


def in_json(view: View) -> View:
    """Tell every refusal of a view as JSON: `{code, message}`, with who and when, or the problems."""
    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except EngineError as error:
            return jsonify(_refused(error)), errors.refusal(error).status
    return cast("View", answered)


@pages.get("/drafts/<draft_id>/files")
@needs("signed_in", is_use=False)
@in_json
def list_files(draft_id: str) -> Response:
    """The draft and its files."""
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        row = drafts.get(uow, draft_id)
        told = {"id": row.id, "title": row.title, "reason": row.reason, "status": row.status, "process_key": row.process_key,
                "revision": row.revision, "may_edit": row.status == "draft"}
        called = titles_of(drafts.as_files(uow, draft_id))
        listed = [{**each, "title": called.get(each["name"], "")} for each in _files(uow, draft_id)]
        return jsonify({"draft": told, "files": listed})


@pages.get("/drafts/<draft_id>/files/<name>")
@needs("signed_in")
@in_json
def read_file(draft_id: str, name: str) -> Response:
    """The bytes of a file; its revision is the ETag."""
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        row = drafts.files(uow, draft_id).get(name)
        data = drafts.content(uow, draft_id, name)
    response = Response(data, mimetype=TYPES[row.kind] if row else "application/octet-stream")
    response.set_etag(str(row.revision) if row else "")
    return response


@pages.put("/drafts/<draft_id>/files/<name>")
@needs("signed_in")
@in_json
def save_file(draft_id: str, name: str) -> Response:
    """Save a file over the revision of `If-Match`, or a new one."""
    data = request.get_data(cache=False)
    with unit_of_work(writes=True) as uow:
        drafts.save(uow, draft_id, name, data, revision=_revision(), session=_session())
        return jsonify(_file(uow, drafts.files(uow, draft_id)[name]))


@pages.delete("/drafts/<draft_id>/files/<name>")
@needs("signed_in")
@in_json
def remove_file(draft_id: str, name: str) -> Response:
    """Take a file out of the draft."""
    revision = _revision()
    if revision is None:
        raise InvalidValue(field="If-Match", value="")
    with unit_of_work(writes=True) as uow:
        drafts.remove(uow, draft_id, name, revision=revision, session=_session())
    return jsonify({})


@pages.post("/drafts/<draft_id>/sessions")
@needs("signed_in")
@in_json
def open_session(draft_id: str) -> Response:
    """Begin a sitting, and learn who else is there."""
    with unit_of_work(writes=True) as uow:
        session = drafts.open_session(uow, draft_id)
        return jsonify({"session": session.id, "others": _others(uow, session.others), "every": TOUCH})


@pages.post("/drafts/<draft_id>/sessions/<session>")
@needs("signed_in", is_use=False)
@in_json
def touch_session(draft_id: str, session: str) -> Response:
    """Still there; who else is, and the revisions of all files."""
    with unit_of_work(writes=True) as uow:
        others = drafts.touch(uow, session)
        return jsonify({"others": _others(uow, others),
                        "files": {name: row.revision for name, row in drafts.files(uow, draft_id).items()}})


@pages.post("/drafts/<draft_id>/sessions/<session>/undo")
@needs("signed_in")
@in_json
def undo_session(draft_id: str, session: str) -> Response:
    """Put all that this sitting saved back."""
    with unit_of_work(writes=True) as uow:
        undone = drafts.undo_session(uow, session)
        return jsonify({"undone": undone, "files": _files(uow, draft_id)})


@pages.post("/drafts/<draft_id>/check")
@needs("signed_in", is_use=False)
@in_json
def check(draft_id: str) -> Response:
    """The problems of the draft with what is on the screen in it: `{"files": {name: text}}`."""
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        row = drafts.get(uow, draft_id)
        given = {file.name: file for file in drafts.as_files(uow, draft_id)}
        given |= {name: File(name, text.encode("utf-8", "replace")) for name, text in _on_screen().items()}
        found = checks.of_draft(uow, row, list(given.values()))
    return jsonify({"problems": problems_as_json(found), "errors": sum(each.severity == "error" for each in found),
                    "warnings": sum(each.severity == "warning" for each in found)})


@pages.get("/choices")
@needs("signed_in")
@in_json
def choices() -> Response:
    """What the lists of the editor offer, each `[{id, name, name_en}]`."""
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        known = deployments.known(uow)
        processes = {key: diagram.processes[key] for key, diagram in known.processes.items() if diagram}
        plain = {"operations": known.operations, "topics": known.topics, "lists": known.lists, "calendars": known.calendars,
                 "forms": known.forms}
        return jsonify({
            "groups": [_choice(row.id, row.name, row.name_en) for row in identity.groups(uow)],
            "processes": [_choice(key, each.name, each.name_en) for key, each in sorted(processes.items())],
            "decisions": [_choice(key, each.name, each.name_en) for key, each in sorted(known.decisions.items())],
            **{name: [_choice(each) for each in sorted(found)] for name, found in plain.items()}})


def problems_as_json(found: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems as the editor and the pages' scripts read them."""
    return [{"file": each.file, "code": each.code, "severity": each.severity, "element": each.element, "field": each.field,
             "path": list(each.path), "zh": each.zh, "en": each.en} for each in found]


def _files(uow: UnitOfWork, draft_id: str) -> list[dict[str, Any]]:
    return [_file(uow, row) for row in drafts.files(uow, draft_id).values()]


def _file(uow: UnitOfWork, row: sa.Row[Any]) -> dict[str, Any]:
    return {"name": row.name, "kind": row.kind, "sha256": row.sha256, "revision": row.revision, "size": row.size,
            "saved_by": row.saved_by, "saved_by_name": words.person(uow, row.saved_by), "saved_at": row.saved_at.isoformat(),
            "words": words.day_and_time(row.saved_at, uow.now)}


def _others(uow: UnitOfWork, others: Sequence[Other]) -> list[dict[str, Any]]:
    return [{"user": each.user, "name": words.person(uow, each.user), "seen_at": each.seen_at.isoformat(),
             "words": words.day_and_time(each.seen_at, uow.now)} for each in others]


def _choice(key: str, name: str = "", name_en: str = "") -> dict[str, str]:
    return {"id": key, "name": name or key, "name_en": name_en or name or key}


def _revision() -> int | None:
    """The revision that the sender knows: `If-Match`; None says that the file is new (`If-None-Match: *`)."""
    known = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if known.isdecimal():
        return int(known)
    if request.headers.get("If-None-Match", "").strip() == "*" and not known:
        return None
    raise InvalidValue(field="If-Match", value=known)


def _on_screen() -> dict[str, str]:
    """The files that the editor sent, by name."""
    sent = island.read_json(request.get_data())
    typed = sent.get("files", {}) if isinstance(sent, dict) else None
    if not isinstance(typed, dict) or not all(isinstance(text, str) for text in typed.values()):
        raise InvalidValue(field="files", value="")
    return typed


def _session() -> str:
    return request.headers.get("X-Model-Session", "")[:64]


def _refused(error: EngineError) -> Mapping[str, Any]:
    with unit_of_work(writes=False) as uow:
        body = errors.as_json(error, words.language())
        body["message"] = errors.sentence(error, words.language(), lambda user: words.person(uow, user))
        if isinstance(error, DeploymentRefused):
            body["problems"] = problems_as_json(error.problems)
            body["message"] = " ".join(each.en if words.language() == "en" else each.zh for each in error.problems[:3])
        who = error.facts.get("who")
        if who:
            at = error.facts.get("at")
            body |= {"who": who, "who_name": words.person(uow, who), "at": at.isoformat() if at else None,
                     "revision": error.facts.get("revision")}
    return body
