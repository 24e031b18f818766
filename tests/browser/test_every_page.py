"""Every page that the product has, for those who open it: it fits, axe finds nothing, the focus shows, one language is spoken.

`PAGES` and `NO_PAGES` hold every address that answers GET: a new one is refused here until it stands in one of them.
"""

import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from engine import comments, documents, filters, identity, instances, interventions, job_rows, jobs, substitutions, uploads
from engine.audit import erasure, population, sampling
from engine.interventions import Skip
from engine.tables import process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from engine.worklist import Criteria
from handlers import audit_samples
from tests.browser.access import serious
from tests.browser.person import Person
from tests.database import acting, destroying
from tests.database.acting import Case
from tests.web_client import Client, app_of

People = Callable[..., Person]
LEAD, ENGINEER = "lead.changsha", "engineer.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT-E-1", "product": "terminal_text", "customer": "Wuyi Road savings office",
    "contact": "Equipment desk", "phone": "0731-5550101", "region": "same_city", "reported_fault": "No picture",
}
COMPLAINT = {"received_by": "phone", "customer": "Wuyi Road savings office", "serial_number": "CT-E-1",
             "complaint_text": "Came late"}

# rule → the addresses to look at; {case} and so on are of the seeded company, see `seeded`
PAGES: Mapping[str, tuple[str, ...]] = {
    "/sign-in": (),  # looked at by who is not signed in
    "/": (),  # leads to the inbox
    "/inbox": ("/inbox", "/inbox?view=groups", "/inbox?view=office", "/inbox?view=watched", "/inbox?view=done", "/inbox?q=none"),
    "/inbox/columns": ("/inbox/columns",),
    "/inbox/filters": ("/inbox/filters",),
    "/tasks/<task_id>": ("/tasks/{decision}", "/tasks/{form}", "/tasks/{done}"),
    "/tasks/<task_id>/progress": (),  # gone within the second
    "/tasks/<task_id>/done": ("/tasks/{done}/done",),
    "/cases": ("/cases", "/cases?state=open&search=CT-E-1", "/cases?search=none"),
    "/cases/<case_id>": ("/cases/{case}", "/cases/{stopped}", "/cases/{held}", "/cases/{over}", "/cases/{erased}"),
    "/cases/<case_id>/intervene/<kind>": (
        "/cases/{case}/intervene/suspend", "/cases/{held}/intervene/resume", "/cases/{case}/intervene/terminate",
        "/cases/{case}/intervene/send_back?token={token}",
        "/cases/{case}/intervene/send_back?token={token}&target=1:assign_visit",
        "/cases/{case}/intervene/skip?token={token}&sure=yes",
        "/cases/{case}/intervene/set_due?token={token}&due_at=2026-03-06T17:00",
        "/cases/{case}/intervene/set_variable?name=customer&scope=1", "/cases/{case}/intervene/set_variable",
        "/cases/{case}/intervene/set_variable?name=parts_requested&scope=1"),
    "/cases/<case_id>/records/<name>": ("/cases/{case}/records/repair_order", "/cases/{held}/records/complaint"),
    "/audit/film/<case_id>": ("/audit/film/{case}", "/audit/film/{stopped}?at=4", "/audit/film/{held}?at=2"),
    "/audit/film/<case_id>/state": ("/audit/film/{case}/state", "/audit/film/{held}/state?at=2"),
    "/start": ("/start", "/start?q=none"),
    "/start/<process_key>": ("/start/in_warranty", "/start/complaint", "/start/product_return"),
    "/notices": ("/notices",),
    "/notices/<notice_id>": (),  # leads to what it tells of
    "/me": ("/me",),
    "/me/absence": ("/me/absence",),
    "/admin": (),  # leads to its first page
    "/admin/people": ("/admin/people", "/admin/people?search=none"),
    "/admin/people/new": ("/admin/people/new",),
    "/admin/people/<user_id>": ("/admin/people/engineer.changsha",),
    "/admin/people/import": ("/admin/people/import",),
    "/admin/groups": ("/admin/groups",),
    "/admin/offices": ("/admin/offices",),
    "/admin/calendar": ("/admin/calendar",),
    "/admin/calendar/import": ("/admin/calendar/import",),
    "/admin/deploy": ("/admin/deploy",),
    "/admin/incidents": ("/admin/incidents",),
    "/admin/jobs": ("/admin/jobs", "/admin/jobs?view=failing"),
    "/admin/mail": ("/admin/mail",),
    "/admin/changes": ("/admin/changes",),
    "/audit/figures": ("/audit/figures?process=complaint", "/audit/figures?since=2020-01-01&until=2020-01-02"),
    "/audit/conformance": ("/audit/conformance", "/audit/conformance?since=2020-01-01&until=2020-01-02"),
    "/audit/clauses": ("/audit/clauses?gaps=yes",),
    "/audit/samples": ("/audit/samples",),
    "/audit/samples/new": ("/audit/samples/new?by=office&size=3", "/audit/samples/new?since=2026-02-30"),
    "/audit/samples/<sample_id>": ("/audit/samples/{sample}?again=1",),
    "/audit/samples/<sample_id>/<int:position>": ("/audit/samples/{sample}/1", "/audit/samples/{sample}/2"),
    "/audit/samples/<sample_id>/result": ("/audit/samples/{sample}/result",),
    "/audit/retention": ("/audit/retention",),
    "/audit/erasure": ("/audit/erasure", "/audit/erasure?numbers={number}", "/audit/erasure?numbers=none",
                       "/audit/erasure?customer=Wuyi+Road+savings+office"),
    "/audit/destructions/<destruction_id>": ("/audit/destructions/{proposed}", "/audit/destructions/{destroyed}"),
    "/audit/": (),  # leads to its first page
    "/audit/cases": ("/audit/cases", "/audit/cases?process=in_warranty&lateness=on_time&q=CT-E-1", "/audit/cases?serial=none",
                     "/audit/cases?since=never"),
    "/audit/proof": ("/audit/proof", "/audit/proof?case=none"),
    "/audit/access": ("/audit/access", "/audit/access?kind=export"),
}
NO_PAGES: Mapping[str, str] = {
    "/static/<path:name>": "files", "/healthz": "a word for the load balancer", "/inbox.csv": "a table for a spreadsheet",
    "/inbox/changes": "what is new, for a script", "/inbox/filters/<filter_id>/count": "a number for a script",
    "/tasks/<task_id>/<any('complete', 'claim', 'release', 'assign', 'delegate', 'give-back', 'due'):verb>": "leads to the task",
    "/drafts": "for a script", "/machines": "for a script", "/cases/<case_id>/people": "for a script",
    "/definitions/<path:definition_id>/diagram": "a diagram's XML", "/documents/<document_id>": "a file",
    "/documents/<document_id>/thumbnail": "a picture", "/admin/people/import/template": "a table to fill in",
    "/audit/figures.csv": "a table for a spreadsheet", "/audit/conformance.csv": "a table for a spreadsheet",
    "/audit/clauses.csv": "a table for a spreadsheet",
    "/audit/destructions/<destruction_id>/progress": "a part of a page, for a script",
    "/audit/proof/slice": "a part of a verification, for a script", "/audit/proof/verifier.py": "a program to take along",
    "/audit/proof/key.pub": "a key", "/audit/proof/checkpoints.jsonl": "a file to take along", "/audit/access.csv": "a table",
    "/audit/cases/<case_id>/dossier.zip": "a ZIP", "/audit/cases/<case_id>/dossier.pdf": "a PDF",
    "/audit/film/<case_id>/index": "for a script", "/audit/film/<case_id>/frames": "for a script",
    "/audit/film/<case_id>/state/check": "for a script",
    "/cases/<case_id>/records/<name>.pdf": "a PDF", "/admin/calendar/import/template": "a table to fill in",
    "/audit/samples/preview": "a part of a page", "/audit/samples/<sample_id>/result.pdf": "a PDF",
    "/audit/samples/<sample_id>/cases.csv": "a table for a spreadsheet",
    "/audit/cases.csv": "a table for a spreadsheet", "/audit/cases.xlsx": "a table for a spreadsheet",
    "/audit/events.csv": "a table for a program", "/audit/cases.xes": "an event log", "/audit/cases.ocel.json": "an event log",
}
EDITOR = "/modeler"
"""The editor of definitions: its pages need drafts, and its own tests look at them."""
OF_LEADS = ("/tasks/<task_id>", "/me/absence")
OF_STAFF = ("/tasks/<task_id>", "/start", "/notices")
REFUSED = ("/no-such-page", "/cases/none", "/tasks/none", "/admin/people/nobody")

FOCUS = """() => {
  const looks = (part) => { const s = getComputedStyle(part); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow,
    s.borderColor, s.backgroundColor, s.textDecorationLine, s.clipPath, s.top].join(); };
  const around = (part) => [part, part.parentElement, part.parentElement?.parentElement,
    ...(part.labels ?? [])].filter(Boolean).map(looks).join('|');
  const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex^="-"])';
  const shown = [...document.querySelectorAll(all)].filter((part) => !part.disabled && !part.closest('[inert]')
    && part.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && part.getClientRects().length);
  const silent = [];
  for (const part of shown) {
    document.activeElement?.blur();
    const before = around(part);
    part.focus({ preventScroll: true });
    if (document.activeElement === part && around(part) === before) silent.push(part.outerHTML.slice(0, 120));
  }
  document.activeElement?.blur();
  return silent;
}"""
CHINESE = """() => {
  const found = new Set();
  const isOurs = (part) => part && !part.closest('[lang|=zh], script, style, noscript, template');
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.data.trim();
    if (/[\\u4e00-\\u9fff]/.test(text) && isOurs(walk.currentNode.parentElement)) found.add(text.slice(0, 60));
  }
  for (const part of document.querySelectorAll('[title], [aria-label], [placeholder], [alt]'))
    for (const name of ['title', 'aria-label', 'placeholder', 'alt']) {
      const text = part.getAttribute(name) ?? '';
      if (/[\\u4e00-\\u9fff]/.test(text) && isOurs(part)) found.add(`${name}: ${text}`);
    }
  if (/[\\u4e00-\\u9fff]/.test(document.title) && isOurs(document.body)) found.add(`title: ${document.title}`);
  return [...found];
}"""


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def seeded(company: ProcessEngine) -> Mapping[str, str]:
    """A case in every standing, with a comment, a photo, a filter, a notice, a letter and an absence; names by role."""
    case = acting.start(company, LEAD, "in_warranty", **REPORT)
    case.do(LEAD, "assign_visit", engineer=ENGINEER, assignment_note="Call first")
    form = acting.start(company, LEAD, "in_warranty", **REPORT).task("assign_visit")
    stopped, held, over, erased = (acting.start(company, LEAD, "complaint", **COMPLAINT) for _ in range(4))
    stop(company, stopped)
    as_user(company, LEAD, instances.suspend, held.id, reason="Parts are missing")
    for each in (over, erased):
        as_user(company, LEAD, instances.terminate, each.id, reason="Entered twice")
    number, other = (business_key(company, each) for each in (over, erased))
    destroyed = as_user(company, "auditor", erasure.propose, numbers=[other], reason="Asked for by letter")
    destroying.decided(company, destroyed, reason="Identity checked")
    proposed = as_user(company, "auditor", erasure.propose, numbers=[number], reason="Asked for by letter")
    enrich(company, case)
    waits = case.task("confirm_fault")
    return {"case": case.id, "stopped": stopped.id, "held": held.id, "over": over.id, "decision": waits.id, "form": form.id,
            "token": str(waits.token), "done": done_task(company, case), "sample": sampled(company), "erased": erased.id,
            "number": number, "proposed": proposed, "destroyed": destroyed}


# ------------------------------------------------------------------ which pages there are
def test_every_address_is_a_page_that_is_looked_at_or_named_as_none(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    rules = {rule for rule in rules if not rule.startswith(("/engine-rest", EDITOR))}
    known = set(PAGES) | set(NO_PAGES)
    assert rules - known == set(), "name the new page in PAGES or NO_PAGES"
    assert known - rules == set(), "no such address any more"


def test_every_role_gets_every_page_or_one_sentence(app: Flask, company: ProcessEngine, seeded: Mapping[str, str]) -> None:
    paths = [path.format(**seeded) for found in PAGES.values() for path in found]
    for user in one_of_each_role(company):
        client = Client(app)
        client.sign_in(user)
        for path in paths:
            status = client.get(path).status_code
            assert status in (200, 400, 403, 404), (user, path, status)
            assert '<html lang="zh-CN">' in client.page, (user, path)
            assert status == 200 or re.search("empty-state|notice-danger|records/complaint", client.page + path), (user, path)


# ------------------------------------------------------------------ what they owe their readers
@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (1440, "en")])
def test_pages_serve_everybody(seeded: Mapping[str, str], person: People, width: int, language: str) -> None:
    faults: list[str] = []
    for user, rules in (("admin", tuple(PAGES)), (LEAD, OF_LEADS), (ENGINEER, OF_STAFF)):
        someone = person(user, width=width, language=language)
        heard = listen(someone)
        for path in (path.format(**seeded) for rule in rules for path in PAGES[rule]):
            faults += look_at(someone, path, language)
        faults += [f"{user}: {text}" for text in heard]
    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (1440, "en")])
def test_refusals_and_the_sign_in_page_serve_everybody(
        seeded: Mapping[str, str], person: People, width: int, language: str) -> None:
    sales = person("sales.changsha", width=width, language=language)
    refused = (*REFUSED, "/admin", f"/cases/{seeded['case']}/intervene/skip")
    faults = [fault for path in refused for fault in look_at(sales, path, language)]
    sales.page.context.clear_cookies(name="fuwuflow_session")
    faults += look_at(sales, "/sign-in", language)
    assert not faults, "\n".join(dict.fromkeys(faults))


def look_at(someone: Person, path: str, language: str) -> list[str]:
    """Everything that is wrong with one page, each with the path and who saw it."""
    page = someone.page
    page.emulate_media(reduced_motion="reduce")
    someone.go(path)
    expect(page.locator('[aria-busy="true"]')).to_have_count(0)
    drawn = page.locator("[data-diagram]")
    if drawn.count() and drawn.first.is_visible():
        drawn.first.scroll_into_view_if_needed()
        expect(drawn.first).to_have_class(re.compile("is-drawn"))
    found: list[str] = list(serious(someone))
    found += too_wide(page)
    if (spoken := page.locator("html").get_attribute("lang")) != {"zh": "zh-CN", "en": "en"}[language] and not is_record(page):
        found.append(f"lang {spoken}")
    page.keyboard.press("Tab")  # from here on the browser shows where the focus is
    found += [f"focus does not show: {part}" for part in page.evaluate(FOCUS)]
    if language == "en":
        found += [f"Chinese: {text}" for text in page.evaluate(CHINESE)]
    return [f"{someone.user} {path}: {text}" for text in found]


def too_wide(page: Page) -> list[str]:
    """Whether the page is wider than its window, on a phone or at a desk; the window is then as it was."""
    before, found = page.viewport_size, []
    for width in (390, 1440):
        page.set_viewport_size(ViewportSize(width=width, height=900))
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{wide} px wide in a window of {width}"] if wide > width else []
    if before:
        page.set_viewport_size(before)
    return found


def is_record(page: Page) -> bool:
    """A printed record is Chinese, with small English labels beside, whoever reads it."""
    return ("/records/" in page.url or page.url.endswith("/result")) and page.locator(".ways").count() > 0


def listen(someone: Person) -> list[str]:
    """What scripts complain of from now on."""
    heard = someone.script_errors
    someone.page.on("console", lambda message: heard.append(f"{someone.page.url}: {message.text}") if is_fault(message) else None)
    return heard


def is_fault(message: Any) -> bool:
    """An error that a script or the content policy wrote; a page that is refused (403, 404) is none."""
    return message.type == "error" and "status of 40" not in message.text


# ------------------------------------------------------------------ the seeded company
def as_user(company: ProcessEngine, user: str, verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A verb, as a user, in a transaction of its own."""
    with company.reading(SYSTEM) as uow:
        actor = identity.actor(uow, user)
    with company.transaction(actor) as uow:
        return verb(uow, *arguments, **named)


def business_key(company: ProcessEngine, case: Case) -> str:
    """The number of a case."""
    with company.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(process_instance.c.business_key).where(process_instance.c.id == case.id)))


def stop(company: ProcessEngine, case: Case) -> None:
    """Let a complaint run into an incident: a step is skipped whose answer the next gateway asks for."""
    case.do(LEAD, "judge_complaint", is_complaint="yes")
    case.do(LEAD, "accept_complaint", severity="ordinary", severity_reason="Minor")
    as_user(company, LEAD, interventions.intervene, case.id, Skip(case.task("find_cause").token, "no"), reason="Cause unknown")


def enrich(company: ProcessEngine, case: Case) -> None:
    """A comment that names the engineer, a photo, a filter, an absence, a letter."""
    as_user(company, LEAD, comments.add, case.id, f"@{ENGINEER} please call before noon")
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "navy").save(out, "JPEG")
    photo = uploads.examine("fault.jpg", out.getvalue(), limit=2_000_000)
    as_user(company, LEAD, documents.add, case.id, photo)
    for user in (LEAD, ENGINEER, "admin"):
        as_user(company, user, filters.save, "Late ones", view="groups", criteria=Criteria(due="late"))
    now = company.clock()
    as_user(company, ENGINEER, substitutions.enter, ENGINEER, substitute="engineer2.changsha", from_at=now + timedelta(days=1),
            until_at=now + timedelta(days=3), reason="Holiday")
    as_user(company, "admin", job_rows.send_mail, "somebody@fuwuflow.example", "Subject", "Body", case.id)


def sampled(company: ProcessEngine) -> str:
    """A sample of all cases: the first does not conform, the others are to be checked."""
    criteria = population.criteria(cut_off=company.now(), standing="all")
    questions = audit_samples.questions("in_warranty")
    sample_id = as_user(company, "auditor", sampling.draw, title="First quarter", criteria=criteria, by="office", size=4,
                        questions=questions, seed="2026")
    answers = {question["id"]: "no" if question["id"] == "signed" else "yes" for question in questions}
    as_user(company, "auditor", audit_samples.decide, sample_id, 1, answers=answers, note="Not signed", revision=1)
    jobs.run_all(company)
    return str(sample_id)


def done_task(company: ProcessEngine, case: Case) -> str:
    """The id of the task that the lead has completed."""
    with company.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(task.c.id).where(task.c.instance_id == case.id, task.c.element == "assign_visit")))


def one_of_each_role(company: ProcessEngine) -> list[str]:
    """A user of every group, the administrator and the account of programs."""
    organization = json.loads((Path(company.settings.diagram_folder) / "organization.json").read_text("utf-8"))
    by_group = {user["memberships"][0]["group"]: user["id"] for user in reversed(organization["users"]) if user["memberships"]}
    return [*by_group.values(), "admin", "api"]
