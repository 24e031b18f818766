"""Refusals that no other test meets, each reached by a real request and told in its own sentence; and that none is left out."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import (
    actions,
    documents,
    filters,
    identity,
    instances,
    interventions,
    job_rows,
    jobs,
    organization,
    settings_of_people,
    tasks,
    uploads,
)
from engine.errors import Conflict, Forbidden, InvalidValue
from engine.interventions import SendBack
from engine.settings import ROOT
from engine.tables import document, incident, job
from engine.unit_of_work import SYSTEM, ProcessEngine
from engine.worklist import Criteria
from tests.conftest import Clock
from tests.database.acting import Case, start
from tests.diagram_text import diagram, end, flows, user
from tests.diagram_text import start as start_event
from tests.small_company import Small
from tests.web_client import Client, app_of
from web import create_app, errors
from web.access import needs

LEAD, ENGINEER, COLLEAGUE, SALES = "lead.changsha", "engineer.changsha", "engineer2.changsha", "sales.changsha"
REPORT = {"report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市某中学",
          "contact": "设备科", "phone": "0731-8840000", "region": "same_city", "reported_fault": "无显示"}
NEVER_ON_A_PAGE = {
    "undeclared_route": "create_app refuses such a route; met below by one that is added afterwards",
    "print_font_missing": "an installation without its build; the font is a file of the build",
    "failed": "what nobody foresaw: test_web_access meets it",
    "second_instance": "a fault of a verb, which no request can bring about; met below by a verb",
}
OTHER_ROOMS = ("engine/modeling", "engine/sandbox", "web/modeler", "engine/calendar", "web/admin/calendar")
"""The editor and the calendar: their own tests meet what only they refuse."""


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def case(company: ProcessEngine) -> Case:
    """A repair that the lead gave to the engineer."""
    return start(company, LEAD, "in_warranty", **REPORT).do(LEAD, "assign_visit", engineer=ENGINEER)


@pytest.fixture
def reader(app: Flask) -> Callable[[str], Client]:
    def signed_in(user: str) -> Client:
        client = Client(app)
        client.sign_in(user)
        client.get("/me")
        return client
    return signed_in


Reader = Callable[[str], Client]


def send(client: Client, path: str, **fields: Any) -> None:
    """Post with the reader's own token."""
    client.get("/me")
    token = re.search(r'name="csrf" value="([^"]+)"', client.page)
    assert token
    client.post(path, {"csrf": token[1], **fields})


def told(client: Client, code: str) -> None:
    """The answer has the status and the sentence of `code`, facts left open."""
    row = errors.BY_CODE[code]
    pattern = ".*".join(map(re.escape, re.split(r"\{\w+\}", row.zh)))
    assert client.response is not None
    assert client.response.status_code == row.status, client.page
    assert re.search(pattern.replace('"', "(?:\"|&#34;)"), client.page, re.DOTALL), (code, row.zh)


def as_user(company: ProcessEngine, user: str, verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    with company.reading(SYSTEM) as uow:
        actor = identity.actor(uow, user)
    with company.transaction(actor) as uow:
        return verb(uow, *arguments, **named)


# ------------------------------------------------------------------ who may, and what a request is
def test_wrong_password_and_too_many_of_them(app: Flask, clock: Clock) -> None:
    stranger = Client(app)
    stranger.sign_in(LEAD, "not it")
    told(stranger, "wrong_password")
    for _ in range(10):
        stranger.sign_in(LEAD, "not it")
    told(stranger, "too_many_failures")
    stranger.sign_in(LEAD)
    told(stranger, "too_many_failures")
    clock.move(minutes=6)
    assert stranger.sign_in(LEAD).status_code == 302


def test_request_of_another_site_and_of_a_wrong_kind(reader: Reader) -> None:
    lead = reader(LEAD)
    lead.post("/me/mail", {}, Origin="https://elsewhere.example")
    told(lead, "foreign_origin")
    send(lead, "/cases")
    told(lead, "method_not_allowed")


def test_route_that_declares_nothing_is_closed(company: ProcessEngine) -> None:
    app = create_app(engine=company)

    def added() -> str:
        return "open to everybody"
    app.add_url_rule("/added-later", "added", added)
    stranger = Client(app)
    stranger.get("/added-later")
    told(stranger, "undeclared_route")
    app.view_functions["added"] = needs("public")(added)
    assert stranger.get("/added-later").status_code == 200


def test_who_may_not_start_is_told_so(reader: Reader) -> None:
    keeper = reader("parts_keeper")
    keeper.get("/start/in_warranty")
    told(keeper, "may_not_start")


# ------------------------------------------------------------------ tasks
def test_task_that_changed_or_is_another_persons(reader: Reader, case: Case) -> None:
    task, colleague, engineer = case.task("confirm_fault"), reader(COLLEAGUE), reader(ENGINEER)
    send(engineer, f"/tasks/{task.id}/release", revision=task.revision - 1)
    told(engineer, "task_changed")
    send(colleague, f"/tasks/{task.id}/release")
    told(colleague, "not_assignee")


def test_action_that_is_offered_to_others(reader: Reader, company: ProcessEngine) -> None:
    case = start(company, SALES, "complaint", received_by="phone", customer="长沙市某中学", complaint_text="约好上午，下午才到")
    case.do(LEAD, "judge_complaint", is_complaint="yes")
    case.do(LEAD, "accept_complaint", severity="ordinary", severity_reason="没有停业")
    with company.reading(SYSTEM) as uow:
        lead, row = identity.actor(uow, LEAD), uow.lock_instance(case.id)
    with company.reading(lead) as uow:
        offered = actions.offered(uow, row)[0]
    sales = reader(SALES)
    send(sales, f"/cases/{case.id}/actions", token=str(offered.token), element=offered.element)
    told(sales, "may_not_act")


def test_task_without_a_group_cannot_be_released(small: Small) -> None:
    small.deploy(diagram(start_event(), user("work", "", camunda_assignee="ann"), end(), flows("begin", "work", "done")))
    small.start()
    with pytest.raises(Conflict, match="no_candidate_group"):
        small.do("ann", tasks.release, small.task("work").id)


def test_other_devices_newer_draft_is_kept(reader: Reader, clock: Clock, case: Case) -> None:
    subject, engineer = case.task("confirm_fault").id, reader(ENGINEER)
    token = re.search(r'name="csrf" value="([^"]+)"', engineer.page)
    assert token

    def save(text: str, **more: Any) -> Any:
        return engineer.http.put(f"/drafts?subject={subject}", json={"entries": {"confirmed_fault": text}, **more},
                                 headers={"X-CSRF-Token": token[1], "Accept": "application/json"})
    first = save("屏幕不亮").json["saved_at"]
    clock.move(minutes=5)
    assert save("电源灯亮", basis=first).status_code == 200
    late = save("别的", basis=first)
    assert (late.status_code, late.json["code"]) == (409, "draft_newer")
    assert late.json["entries"] == {"confirmed_fault": "电源灯亮"}


# ------------------------------------------------------------------ interventions
def test_interventions_that_cannot_be(reader: Reader, company: ProcessEngine, case: Case) -> None:
    lead = reader(LEAD)
    send(lead, f"/cases/{case.id}/intervene/resume", reason="r")
    told(lead, "case_not_suspended")
    lead.get(f"/cases/{case.id}/intervene/set_variable?name=office&sure=yes&type=text&entry=x")
    told(lead, "variable_kept")
    lead.get(f"/cases/{case.id}/intervene/set_variable?name=extra&sure=yes&type=number&entry=three")
    told(lead, "not_number")
    send(lead, f"/cases/{case.id}/intervene/set_due", token=str(case.task("confirm_fault").token), due_at="soon", reason="r")
    told(lead, "due_missing")
    send(lead, f"/cases/{case.id}/actions", token="99", element="nothing")
    told(lead, "action_gone")
    waits = case.task("confirm_fault")
    as_user(company, LEAD, interventions.intervene, case.id, SendBack(waits.token, "assign_visit", 1), reason="r")
    send(lead, f"/tasks/{waits.id}/claim")
    told(lead, "task_cancelled")
    as_user(company, LEAD, instances.terminate, case.id, reason="r")
    send(lead, f"/cases/{case.id}/intervene/suspend", reason="r")
    told(lead, "case_ended")


# ------------------------------------------------------------------ files
def test_file_that_is_gone_another_persons_or_one_too_many(
        reader: Reader, company: ProcessEngine, case: Case) -> None:
    note = uploads.examine("说明.txt", "电源灯亮".encode(), limit=1_000)
    added = as_user(company, LEAD, documents.add, case.id, note)
    engineer, lead = reader(ENGINEER), reader(LEAD)
    send(engineer, f"/cases/{case.id}/documents")
    told(engineer, "no_file")
    send(engineer, f"/documents/{added}/remove", reason="重复")
    told(engineer, "may_not_remove")
    send(lead, f"/documents/{added}/remove", reason="重复")
    lead.get(f"/documents/{added}")
    told(lead, "document_removed")
    with company.transaction(SYSTEM) as uow:
        kept = documents.row_of(uow, added)._asdict() | {"removed_at": None, "removed_by": None}
        uow.connection.execute(sa.insert(document), [kept | {"id": f"{number:024x}"} for number in range(documents.MOST)])
    send(lead, f"/cases/{case.id}/documents", file=(io.BytesIO("又一个".encode() * 40), "二.txt"))
    assert "此工单已有 500 个文件，不能再添加“二.txt”" in lead.page


# ------------------------------------------------------------------ filters and settings
def test_filter_of_somebody_else_and_one_too_many(reader: Reader, company: ProcessEngine) -> None:
    shared = as_user(company, ENGINEER, filters.save, "逾期", view="groups", criteria=Criteria(due="late"),
                     group="service_engineer", office="changsha")
    colleague = reader(COLLEAGUE)
    send(colleague, f"/inbox/filters/{shared}/delete")
    told(colleague, "not_owner_of_filter")
    mine = reader(ENGINEER)
    for number in range(51):
        send(mine, "/inbox/filters", name=f"筛选 {number}", view="groups", due="late")
    told(mine, "too_many_filters")


def test_choice_that_is_too_long_to_keep(company: ProcessEngine) -> None:
    with pytest.raises(InvalidValue, match="setting_too_long"):
        as_user(company, LEAD, settings_of_people.choose, "start.favourites", ["x" * 21_000])


def test_short_password(reader: Reader) -> None:
    engineer = reader(ENGINEER)
    send(engineer, "/me/password", old="fuwuflow", new="short", again="short")
    assert engineer.response is not None
    assert engineer.response.status_code == errors.BY_CODE["password_short"].status


# ------------------------------------------------------------------ administration
def test_what_administrators_are_refused(reader: Reader, company: ProcessEngine) -> None:
    admin = reader("admin")
    send(admin, "/admin/people/new", user=ENGINEER, name="又一位", memberships="service_engineer@changsha")
    told(admin, "user_exists")
    with company.transaction(SYSTEM) as uow:
        letter = job_rows.send_mail(uow, "manager@fuwuflow.example", "投诉逾期", "请处理", None)
    send(admin, f"/admin/mail/{letter}/again")
    told(admin, "mail_not_failed")
    as_user(company, "admin", organization.deactivate_user, COLLEAGUE, revision=1, reason="离职")
    send(admin, "/admin/people/import", file=(io.BytesIO(f"user,name\n{COLLEAGUE},又回来\n".encode()), "people.csv"))
    assert errors.BY_CODE["user_closed"].zh.partition("“")[0] in admin.page
    send(admin, "/admin/people/import", file=(io.BytesIO(b"user,name\n" + b"x" * 1_000_001), "people.csv"))
    told(admin, "csv_too_large")


def test_incident_that_is_settled_already(reader: Reader, company: ProcessEngine) -> None:
    company.settings = replace(company.settings, smtp_url="smtp://127.0.0.1:1")
    with company.transaction(SYSTEM) as uow:
        job_rows.send_mail(uow, "manager@fuwuflow.example", "投诉逾期", "请处理", None)
    for _ in range(5):
        jobs.run_all(company)
        company.clock.move(minutes=30)  # type: ignore[attr-defined]  # the tests' clock
    with company.reading(SYSTEM) as uow:
        found = uow.rows(sa.select(incident.c.id, incident.c.job_id))[0]
    admin = reader("admin")
    send(admin, f"/admin/incidents/{found.id}/retry")
    send(admin, f"/admin/incidents/{found.id}/retry")
    told(admin, "incident_resolved")
    with pytest.raises(Forbidden, match="may_not_administer"):
        as_user(company, LEAD, jobs.retry, found.id)
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(incident).where(incident.c.id == found.id).values(resolved_at=None, resolved_by=None))
        uow.execute(sa.update(job).where(job.c.id == found.job_id).values(state="open"))
    send(admin, f"/admin/incidents/{found.id}/retry")
    told(admin, "job_not_failed")


# ------------------------------------------------------------------ verbs
def test_nobody_acts_as_a_user_who_is_not_there(company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow, pytest.raises(Forbidden, match="no_such_user"):
        identity.actor(uow, "nobody")


def test_second_case_in_one_transaction(company: ProcessEngine, case: Case) -> None:
    other = start(company, LEAD, "in_warranty", **REPORT)
    with company.reading(SYSTEM) as uow:
        uow.lock_instance(case.id)
        with pytest.raises(Conflict, match="second_instance"):
            uow.lock_instance(other.id)


# ------------------------------------------------------------------ none is left out
def test_every_refusal_is_met_by_a_test() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in Path(ROOT, "tests").rglob("*.py"))
    unmet = [code for code, row in errors.BY_CODE.items() if code not in NEVER_ON_A_PAGE and not _is_met(code, row.zh, tests)]
    assert [code for code in unmet if not _is_of_other_rooms(code)] == []


def _is_of_other_rooms(code: str) -> bool:
    """Whether only other rooms raise it."""
    sources = (path for room in ("engine", "handlers", "web") for path in Path(ROOT, room).rglob("*.py"))
    found = [path.relative_to(ROOT).as_posix() for path in sources if f'"{code}"' in path.read_text("utf-8")]
    raising = [path for path in found if path != "web/errors.py"]
    return bool(raising) and all(path.startswith(OTHER_ROOMS) for path in raising)


def _is_met(code: str, sentence: str, tests: str) -> bool:
    """Whether a test names the code, or expects six letters of its sentence that no other code says."""
    if re.search(rf"\b{re.escape(code)}\b", tests):
        return True
    others = "".join(row.zh for other, row in errors.BY_CODE.items() if other != code)
    pieces = [piece[at:at + 6] for piece in re.split(r"\{\w+\}", sentence) for at in range(len(piece) - 5)]
    return any(piece in tests and piece not in others for piece in pieces)
