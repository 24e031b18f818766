"""The case page, its diagrams, and starting a case."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from engine import actions, case_list, cases, destruction, drafts, identity, instances, replies, watching
from engine.audit import access_log
from engine.cases import Case
from engine.errors import EngineError, Forbidden, InvalidForm, InvalidValue
from engine.unit_of_work import SYSTEM, UnitOfWork
from handlers import machines
from web import errors
from web.access import engine, needs, unit_of_work
from web.cases import interventions, starting, telling
from web.layout import conversation, deadlines, island, pictures, words
from web.patience import is_settled
from web.records import records

pages = Blueprint("cases", __name__, template_folder="templates")
YEAR = 31_536_000
SERIALS = ("serial_number", "serial")  # start fields that find a machine


@pages.get("/cases/<case_id>")
@needs("signed_in")
def page(case_id: str) -> str | tuple[str, int]:
    """Where the case stands, what is known of it, and what happened."""
    with unit_of_work(writes=False) as uow:
        try:
            case = cases.case(uow, case_id)
        except Forbidden as error:
            return _not_mine(uow, error), 403
        shown = _shown(uow, case)
    access_log.note(engine(), g.actor, "look", case.instance.business_key, instance_id=case_id)
    return render_template(
        "cases/case.html", **shown, section="cases", names=telling.elements(case),
        name=words.process_name(case.processes[0].process), process_name=words.process_name)


def _shown(uow: UnitOfWork, case: Case) -> dict[str, Any]:
    """All that the page of a case tells."""
    row = case.instance
    people = {each.id: words.in_words(each) for each in identity.users(uow)} | {SYSTEM.id: str(_("system"))}
    known = telling.known(uow, case, cases.variables(uow, row.id))
    events = cases.timeline(uow, row.id)
    kind, erased = request.args.get("show", ""), destruction.of_case(uow, row.id)
    picked = [one for one in events if kind not in telling.KINDS or one.kind == kind]
    return {
        "case": case, "people": people, "known": known, "steps": telling.by_step(known), "now": uow.now,
        "timeline": telling.lines(uow, case, picked, people), "kinds": telling.kinds(events), "kind": kind,
        "due": deadlines.clock(uow), "pictures": [pictures.of_process(part) for part in case.processes],
        "visits": [telling.visits(part, uow.now, people) for part in case.processes],
        "offices": {each.id: words.in_words(each) for each in identity.offices(uow)},
        "actions": actions.offered(uow, row), "groups_of": telling.group_words(uow),
        "related": case_list.related(uow, row), "related_shown": case_list.RELATED,
        "may_intervene": row.ended_at is None and identity.may_intervene(uow, row),
        "is_watched": watching.is_watched(uow, row.id),
        "suspension": cases.suspension(uow, row.id) if row.status == "suspended" else None,
        "interventions": interventions.titles(),
        "talk": conversation.of_case(uow, row, page=url_for("cases.page", case_id=row.id)),
        "records": records.offers(uow, row.id, row.process_key), "erased": erased,
        "product": telling.teller(uow, case)("product", row.product) if erased else row.product,
    }


def _not_mine(uow: UnitOfWork, error: Forbidden) -> str:
    """Whose case it is, and whom to ask."""
    place = str(error.facts.get("office", ""))
    office = next((words.in_words(each) for each in identity.offices(uow) if each.id == place), place)
    groups = [(group.id, place) for group in identity.groups(uow) if group.leads and group.by_office]
    leads = [words.in_words(each) for each in identity.members_of_any(uow, groups)]
    return render_template("cases/not_mine.html", section="cases", office=office, leads=leads)


@pages.post("/cases/<case_id>/watch")
@needs("signed_in")
def watch(case_id: str) -> Redirect:
    """Watch the case, or with `off` no more."""
    with unit_of_work(writes=True) as uow:
        if request.form.get("off"):
            watching.unwatch(uow, case_id)
        else:
            watching.watch(uow, case_id)
    return redirect(url_for("cases.page", case_id=case_id))


@pages.post("/cases/<case_id>/actions")
@needs("signed_in")
def act(case_id: str) -> Redirect:
    """Take an action that the diagram offers beside the tasks; goes to the task that it brings, if that is the actor's."""
    element = request.form.get("element", "")
    with unit_of_work(writes=True) as uow:
        actions.act(uow, case_id, token=request.form.get("token", 0, type=int), element=element)
    with unit_of_work(writes=False) as uow:
        brought = cases.next_task_after(uow, case_id, element)
    if brought is None:
        return redirect(url_for("cases.page", case_id=case_id))
    return redirect(url_for("tasks.page", task_id=brought.id))


@pages.get("/definitions/<path:definition_id>/diagram")
@needs("signed_in")
def diagram(definition_id: str) -> Response:
    """The diagram as deployed. A version never changes, so that the browser may keep it."""
    with unit_of_work(writes=False) as uow:
        data = cases.diagram(uow, definition_id)
    response = Response(data, mimetype="application/xml")
    response.headers["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    return response


@pages.get("/start")
@needs("signed_in")
def startable() -> str:
    """What the reader may start, narrowed by the words of `q`."""
    asked = request.args.get("q", "").strip()[:100]
    with unit_of_work(writes=False) as uow:
        choices = starting.choices(uow, asked)
    return render_template("cases/startable.html", choices=choices, asked=asked, section="start")


@pages.get("/start/<process_key>")
@needs("signed_in")
def start_page(process_key: str) -> str:
    """The start form of a process."""
    return _start_page(process_key)


@pages.post("/start/<process_key>/form")
@needs("signed_in")
def start_page_again(process_key: str) -> str:
    """The start form with what was typed before a session ended. Changes nothing."""
    return _start_page(process_key, typed=island.read_values(request.form.get("values", "")))


@pages.post("/start/<process_key>")
@needs("signed_in")
def start(process_key: str) -> str | Redirect | tuple[str, int]:
    """Start a case and go to its first task if that is mine to do, else to the case."""
    typed = island.read_values(request.form.get("values", ""))
    try:
        case_id = _start(process_key, typed, request.form.get("office") or None)
    except (InvalidForm, InvalidValue) as error:
        return _start_page(process_key, typed=typed, error=error), errors.refusal(error).status
    is_settled(case_id)
    with unit_of_work(writes=False) as uow:
        mine = cases.next_task(uow, case_id)
    if mine is None:
        return redirect(url_for("cases.page", case_id=case_id, started=process_key))
    return redirect(url_for("tasks.page", task_id=mine.id, started=process_key))


def _start(process_key: str, typed: Mapping[str, Any], office: str | None) -> str:
    """Start once: the page's key gives a second submit the case of the first."""
    key = request.form.get("idempotency_key")
    digest = replies.digest_of({"start": process_key, "values": typed, "office": office})
    with unit_of_work(writes=True) as uow:
        earlier = replies.find(uow, key, digest)
        if earlier is not None:
            return earlier
        case_id = instances.start(uow, process_key, form_values=typed, office=office)
        drafts.discard(uow, f"start:{process_key}")
        replies.keep(uow, key, case_id)
        starting.count(uow, process_key)
        return case_id


@pages.get("/machines")
@needs("signed_in")
def machine() -> Response:
    """The machine behind `serial`: a card to show, with its other cases, and values for fields that are still empty."""
    serial = request.args.get("serial", "").strip()[:100]
    with unit_of_work(writes=False) as uow:
        found = machines.find(uow, serial)
        card = render_template("cases/machine.html", machine=found, **starting.same_machine(uow, serial))
    return jsonify({"html": card, "values": _known(found) if found else {}})


def _start_page(process_key: str, *, typed: Mapping[str, Any] | None = None, error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        view = cases.start_form(uow, process_key)
        mine = uow.actor.offices
        offices = [row for row in identity.offices(uow) if row.is_active and (not mine or row.id in mine)]
    found = errors.by_field(error, words.language()) if isinstance(error, InvalidForm) else {}
    form = island.definition(view.form, {}, view.lists, typed=typed, errors=found) if view.form else None
    labels = island.labels(view.form)
    return render_template(
        "cases/start.html", view=view, form=form, offices=offices, error=error, section="start",
        key=secrets.token_urlsafe(16), name=words.process_name(view.process), instruction=words.instruction(view.process),
        findings=errors.findings(error, labels, words.language()) if error else [],
        error_words=errors.sentence(error, words.language()) if error else "",
        serial_field=next((key for key in SERIALS if key in labels), ""),
        notice=_("Your entries are back. Check them and send them again.") if typed and not error else "")


def _known(found: machines.Machine) -> dict[str, Any]:
    """What a start form may take over from the machine's record, by field key."""
    values = {"product": found.product_id, "customer": found.customer, "contact": found.contact, "phone": found.phone,
              "address": found.address, "production_date": found.production_date and found.production_date.isoformat()}
    return {name: value for name, value in values.items() if value}
