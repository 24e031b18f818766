"""Writing a comment on a case, and the people whom it may mention."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from engine import cases, comments
from engine.errors import InvalidValue
from web import errors
from web.access import local_path, needs, unit_of_work
from web.layout import conversation, words

pages = Blueprint("comments", __name__, template_folder="templates")


@pages.post("/cases/<case_id>/comments")
@needs("signed_in")
def add(case_id: str) -> Answer | tuple[str, int]:
    """Write a comment; one that is refused is shown again with its text."""
    text, back = request.form.get("text", ""), local_path(request.form.get("page"), url_for("cases.page", case_id=case_id))
    try:
        with unit_of_work(writes=True) as uow:
            added = comments.add(uow, case_id, text, task_id=request.form.get("task_id") or None)
    except InvalidValue as error:
        return _again(case_id, text, back, error)
    return redirect(f"{back}#comment-{added}")


@pages.get("/cases/<case_id>/people")
@needs("signed_in")
def people(case_id: str) -> Response:
    """Who may be mentioned: `[{id, name}]`."""
    with unit_of_work(writes=False) as uow:
        found = comments.people(uow, cases.instance(uow, case_id))
    return jsonify([{"id": row.id, "name": words.in_words(row)} for row in found])


def _again(case_id: str, text: str, back: str, error: InvalidValue) -> tuple[str, int]:
    with unit_of_work(writes=False) as uow:
        case = cases.instance(uow, case_id)
        talk = conversation.of_case(uow, case, page=back, task_id=request.form.get("task_id") or None)
    page = render_template("documents/comment.html", section="inbox", talk=talk, typed=text, back=back, case=case,
                           sentence=errors.sentence(error, words.language()))
    return page, errors.refusal(error).status
