"""All notices of a person by page, marked as seen, each leading to its task or case."""

from datetime import datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import notices
from engine.errors import InvalidValue
from engine.notices import Key, Notice
from web.access import needs, unit_of_work
from web.people.room import pages

PAGE = 50


@pages.get("/notices")
@needs("signed_in")
def listing() -> str:
    """A page of notices, newest first; `after` is the key of the page before."""
    with unit_of_work(writes=False) as uow:
        found = notices.recent(uow, PAGE + 1, before=_key(request.args.get("after")))
        unseen = notices.unseen(uow)
    shown = found[:PAGE]
    after = f"{shown[-1].created_at.isoformat()}~{shown[-1].id}" if len(found) > PAGE else None
    return render_template("people/notices.html", notices=shown, unseen=unseen, after=after, section="notices")


@pages.get("/notices/<notice_id>")
@needs("signed_in")
def follow(notice_id: str) -> Response:
    """Go where a notice leads; it is seen then."""
    with unit_of_work(writes=True) as uow:
        found = notices.one(uow, notice_id)
        notices.mark_followed(uow, found)
    return redirect(_target(found))


@pages.post("/notices/seen")
@needs("signed_in")
def seen() -> Response:
    """Mark the given notices as seen, or all."""
    with unit_of_work(writes=True) as uow:
        notices.mark_seen(uow, request.form.getlist("notice") or None)
    return redirect(url_for("people.listing"))


def _target(notice: Notice) -> str:
    if notice.task_id and notice.is_open:
        return url_for("tasks.page", task_id=notice.task_id)
    if notice.instance_id:
        return url_for("cases.page", case_id=notice.instance_id)
    if notice.arguments.get("draft"):
        return url_for("modeler.draft", draft_id=notice.arguments["draft"])
    if notice.arguments.get("destruction"):
        return url_for("audit.destruction", destruction_id=notice.arguments["destruction"])
    return url_for("people.absence") if notice.kind == "substitute" else url_for("people.listing")


def _key(text: str | None) -> Key | None:
    if not text:
        return None
    at, _, notice_id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as problem:
        raise InvalidValue(field="after", value=text) from problem
    if moment.tzinfo is None or not notice_id:
        raise InvalidValue(field="after", value=text)
    return moment, notice_id
