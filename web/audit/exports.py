"""The auditors' list as files: exactly the filter on screen, all of its cases, in the reader's language; each one on record."""

import tempfile
from collections.abc import Callable
from typing import BinaryIO

from flask import Response, g, request, send_file
from flask_babel import gettext as _

from engine import history
from engine.audit import access_log, event_log, ocel, spreadsheet, xes
from engine.audit.event_log import Names
from engine.audit.spreadsheet import Cell
from engine.unit_of_work import UnitOfWork
from handlers import related_objects
from web.access import engine, needs, unit_of_work
from web.audit import asked, choices, sight
from web.audit.asked import Asked
from web.audit.room import must_audit, pages
from web.layout import words

Write = Callable[[UnitOfWork, BinaryIO, Asked, Names], int]
"""Writes the file and says of how many rows or cases."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EVENT_COLUMNS = ("case_id", "case_number", "process", "version", "customer", "serial", "activity", "lifecycle", "timestamp",
                 "resource", "role", "office", "clause", "due", "task_process", "element", "task_id")
"""Of the event log as CSV: in English always, so that a program reads it whoever exported it."""


@pages.get("/cases.csv")
@needs("signed_in")
def cases_csv() -> Response:
    """The list as CSV."""
    return _sent("cases.csv", "text/csv", lambda uow, file, wanted, names: spreadsheet.write_csv(
        file, sight.titles(), sight.table(uow, wanted.criteria, names)))


@pages.get("/cases.xlsx")
@needs("signed_in")
def cases_xlsx() -> Response:
    """The list as XLSX, with a sheet that says what it is."""
    return _sent("cases.xlsx", XLSX, lambda uow, file, wanted, names: spreadsheet.write_xlsx(
        file, sight.titles(), sight.table(uow, wanted.criteria, names), names=(str(_("Cases")), str(_("About this file"))),
        facts=_facts(uow, wanted, names), counted=str(_("Cases in this file")),
        beyond=str(_("More cases fit than one sheet holds. Narrow the list, or export it as CSV."))))


@pages.get("/cases.xes")
@needs("signed_in")
def cases_xes() -> Response:
    """What was done as XES, a trace a case."""
    return _sent("cases.xes", "application/xml", lambda uow, file, wanted, names: xes.write(
        file, event_log.traces(uow, wanted.criteria, names, words.language()), name=str(_("Fuwuflow"))))


@pages.get("/cases.ocel.json")
@needs("signed_in")
def cases_ocel() -> Response:
    """What was done as OCEL 2.0."""
    return _sent("cases.ocel.json", "application/json", lambda uow, file, wanted, names: ocel.write(
        file, event_log.traces(uow, wanted.criteria, names, words.language()),
        lambda ids: related_objects.of_cases(uow, ids)))


@pages.get("/events.csv")
@needs("signed_in")
def events_csv() -> Response:
    """What was done as CSV, a line an event."""
    return _sent("events.csv", "text/csv", lambda uow, file, wanted, names: spreadsheet.write_csv(file, EVENT_COLUMNS, (
        _line(trace, event) for trace in event_log.traces(uow, wanted.criteria, names, words.language())
        for event in trace.events)))


def _sent(name: str, mimetype: str, write: Write) -> Response:
    """Write the file aside, put it on record (the access log and the organization's chain), and send it."""
    wanted, names = asked.read(request.args), Names(hides=bool(request.args.get("pseudonyms")))
    criteria = wanted.must_be_possible()
    file = tempfile.TemporaryFile()  # noqa: SIM115  # sending it closes it
    try:
        with unit_of_work(writes=False) as uow:
            must_audit(uow)
            rows, day = write(uow, file, wanted, names), uow.now.astimezone(words.ZONE).date()
        _record(name, {"criteria": criteria.as_record(), "rows": rows, "pseudonyms": names.hides})
        size = file.tell()
        file.seek(0)
        response = send_file(file, mimetype, as_attachment=True, download_name=name.replace(".", f"-{day}.", 1))
    except BaseException:
        file.close()
        raise
    response.content_length = size
    return response


def _record(name: str, facts: dict[str, object]) -> None:
    access_log.note(engine(), g.actor, "export", name, detail=facts)
    with unit_of_work(writes=True) as uow:
        after = {**facts, "format": name.partition(".")[2]}
        history.record_change(uow, "export", subject=f"export:{name}", before=None, after=after)


def _line(trace: event_log.Trace, event: event_log.Event) -> tuple[Cell, ...]:
    row = trace.row
    return (row.id, row.business_key, row.process_key, row.process_version, trace.customer, row.serial, event.activity,
            event.transition, event.at.isoformat(timespec="milliseconds"), event.resource, event.role, event.office, event.clause,
            event.due.isoformat() if event.due else None, event.process, event.element, event.task)


def _facts(uow: UnitOfWork, wanted: Asked, names: Names) -> list[tuple[str, Cell]]:
    """What the file says of itself; a filter by a person or a customer is not told where they are hidden."""
    hidden = ("person", "customer", "q") if names.hides else ()
    found = choices.chips(wanted, choices.choices(uow, wanted))
    chips = [str(_("hidden")) if chip.name in hidden else chip.words for chip in found]
    return [
        (str(_("Filter")), "; ".join(chips) or str(_("all cases"))),
        (str(_("Exported by")), words.person(uow, uow.actor.id)), (str(_("Exported at")), uow.now),
        (str(_("Time zone")), words.ZONE.key),
        (str(_("People and customers")), str(_("replaced by pseudonyms") if names.hides else _("by their names")))]
