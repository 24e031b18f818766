"""The columns of the list: which there are, which a person chose and in which order."""

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import settings_of_people
from engine.unit_of_work import UnitOfWork
from web.access import local_path, needs, unit_of_work
from web.inbox.blueprint import pages

ALL = ("step", "procedure", "due", "customer", "product", "case", "serial", "office", "assignee", "priority", "waiting")
DEFAULT = ("step", "due", "customer", "case", "serial", "priority")
FIXED = "step"  # the link to the task stands in it
SETTING = "inbox_columns"


def titles() -> dict[str, str]:
    """The heading of every column."""
    return {"step": _("Step"), "procedure": _("Procedure"), "due": _("Due"), "customer": _("Customer"), "product": _("Product"),
            "case": _("Case number"), "serial": _("Serial number"), "office": _("Office"), "assignee": _("Assignee"),
            "priority": _("Priority"), "waiting": _("Waiting since")}


def chosen(uow: UnitOfWork) -> tuple[str, ...]:
    """The reader's columns in their order; one that no longer exists is left out."""
    kept = settings_of_people.chosen(uow, SETTING, list(DEFAULT))
    return _valid(kept if isinstance(kept, list) else DEFAULT)


@pages.get("/inbox/columns")
@needs("signed_in")
def columns_page() -> str:
    """Choose and order the columns; the list opens it as a dialog where there are scripts."""
    with unit_of_work(writes=False) as uow:
        shown = chosen(uow)
    order = request.args.getlist("order") or [*shown, *(one for one in ALL if one not in shown)]
    marked = request.args.getlist("shown") or list(shown)
    return render_template("inbox/columns.html", order=[one for one in order if one in ALL], shown=marked, titles=titles(),
                           fixed=FIXED, back=_back(request.args.get("back")), section="inbox")


@pages.post("/inbox/columns")
@needs("signed_in")
def choose_columns() -> Response:
    """Keep the choice. `up` and `down` move one column and show the page again; nothing is kept until it is saved."""
    order, shown = request.form.getlist("order"), request.form.getlist("shown")
    for name, step in (("up", -1), ("down", 1)):
        if request.form.get(name):
            return redirect(url_for("inbox.columns_page", order=_moved(order, request.form[name], step), shown=[FIXED, *shown],
                                    back=_back(request.form.get("back"))))
    with unit_of_work(writes=True) as uow:
        keeps = request.form.get("do") != "reset"
        settings_of_people.choose(
            uow, SETTING, list(_valid([one for one in order if one in shown or one == FIXED])) if keeps else None)
    return redirect(_back(request.form.get("back")))


def _valid(names: Sequence[object]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(str(one) for one in names if one in ALL))
    return found if FIXED in found else (FIXED, *found)


def _moved(order: list[str], name: str, step: int) -> list[str]:
    if name not in order:
        return order
    at = order.index(name)
    rest = [one for one in order if one != name]
    return [*rest[:max(at + step, 0)], name, *rest[max(at + step, 0):]]


def _back(path: str | None) -> str:
    return local_path(path, url_for("inbox.index"))
