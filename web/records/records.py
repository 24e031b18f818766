"""`/cases/<id>/records/<name>`: a record as a page for paper, and `.pdf`."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, g, render_template
from flask_babel import gettext as _

from engine import cases, destruction
from engine.audit import access_log
from engine.errors import Conflict, NotFound
from engine.unit_of_work import UnitOfWork
from handlers import printed_records
from handlers.printed_records import Kind, PrintedRecord
from web.access import engine, needs, unit_of_work
from web.layout import words
from web.records import pdf

pages = Blueprint("records", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True)
class Offer:
    """A record that the case page leads to; not there yet: `comes_with` says when it comes to be."""

    name: str
    title: str
    comes_with: str
    is_there: bool
    destroyed_at: datetime | None = None


@pages.get("/cases/<case_id>/records/<name>")
@needs("signed_in")
def page(case_id: str, name: str) -> str | tuple[str, int]:
    """A record as a page that is made for paper."""
    with unit_of_work(writes=False) as uow:
        kind, found = _record(uow, case_id, name)
        printed, gone = foot(uow, case_id), destruction.of_records(uow, case_id).get(name)
        deciders = [words.person(uow, each) for each in gone.deciders] if gone else []
    access_log.note(engine(), g.actor, "record", name, instance_id=case_id)
    if found is None and gone is not None:
        return render_template("records/destroyed.html", title=_title(kind), case_id=case_id, gone=gone, deciders=deciders,
                               section="cases")
    if found is None:
        return render_template("records/missing.html", kind=kind, title=_title(kind), comes_with=_comes_with(kind),
                               case_id=case_id, section="inbox"), 404
    return render_template("records/record.html", record=found, case_id=case_id, foot=printed)


@pages.get("/cases/<case_id>/records/<name>.pdf")
@needs("signed_in")
def document(case_id: str, name: str) -> Response:
    """The same record as PDF. `NotFound` while it does not exist."""
    with unit_of_work(writes=False) as uow:
        _kind, found = _record(uow, case_id, name)
        printed, gone = foot(uow, case_id), destruction.of_records(uow, case_id).get(name)
    if found is None and gone is not None:
        raise Conflict("record_destroyed", id=gone.id, at=gone.destroyed_at, reason=gone.reason)
    if found is None:
        raise NotFound(kind="record", id=name)
    access_log.note(engine(), g.actor, "record", f"{name}.pdf", instance_id=case_id)
    response = Response(pdf.rendered(found, printed=printed), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}-{_plain(found.number)}.pdf"'
    return response


def offers(uow: UnitOfWork, case_id: str, process_key: str) -> list[Offer]:
    """The records that a case has or will have, for its page."""
    gone = destruction.of_records(uow, case_id)
    return [Offer(kind.name, _title(kind), _comes_with(kind), printed_records.record(uow, case_id, kind.name) is not None,
                  gone[kind.name].destroyed_at if kind.name in gone else None)
            for kind in printed_records.offered(process_key)]


def _record(uow: UnitOfWork, case_id: str, name: str) -> tuple[Kind, PrintedRecord | None]:
    """The record, if the reader may see the case and its process makes one of this kind."""
    row = cases.instance(uow, case_id)
    kind = printed_records.kind_of(name)
    if kind not in printed_records.offered(row.process_key):
        raise NotFound(kind="record", id=name)
    return kind, printed_records.record(uow, case_id, name)


def foot(uow: UnitOfWork, case_id: str | None = None) -> str:
    """When it was printed, and by whom: a printout is a copy; and since when it names no person, where that was decided."""
    printed = f"{words.moment(uow.now)} · {words.person(uow, uow.actor.id)}"
    erased = destruction.of_case(uow, case_id) if case_id else None
    if erased is None:
        return printed
    at = words.moment(erased.destroyed_at)
    told = _("Personal data destroyed by decision on %(at)s: %(reason)s", at=at, reason=erased.reason)
    return f"{printed} · {told}"


def _title(kind: Kind) -> str:
    return kind.title_en if words.language() == "en" else kind.title


def _comes_with(kind: Kind) -> str:
    return kind.comes_with_en if words.language() == "en" else kind.comes_with


def _plain(number: str) -> str:
    """A case number as a file name."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in number)
