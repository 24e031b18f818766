"""The modeller's pages and the editor's routes, as people without scripts and as the editor use them."""

import io
import json
import re
import zipfile
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from engine import bundles
from engine.settings import ROOT
from engine.tables import model_draft
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database.test_model_drafts import NAME, SHIPPED, changed
from tests.web_client import Client, app_of

FORM = b'{"id": "extra", "type": "default", "components": []}'


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


class Person(Client):
    """A visitor who is signed in; `call` is what the editor does."""

    def __init__(self, app: Flask, user: str) -> None:
        super().__init__(app)
        self.sign_in(user)
        self.get("/modeler")
        self.csrf = self.page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = self.http.open(path, method=method, data=data, headers={
            "X-CSRF-Token": self.csrf, "Accept": "application/json", **named})
        return self.response

    def draft(self, key: str = "parts_issue", reason: str = "缩短期限") -> str:
        """Edit a procedure as a draft; its address."""
        self.get(f"/modeler/definitions/process/{key}")
        self.send("/modeler/drafts", reason=reason)
        with self.http.application.extensions["fuwuflow"].reading(SYSTEM) as uow:
            return f"/modeler/drafts/{uow.scalar(sa.select(model_draft.c.id).order_by(model_draft.c.id.desc()))}"

    def bring(self, draft: str, *files: tuple[str, bytes]) -> int:
        """Bring files into a draft."""
        self.get(draft)
        answer = self.send(f"{draft}/import", files=[(io.BytesIO(data), name) for name, data in files])
        return answer.status_code


@pytest.fixture
def owner(app: Flask) -> Person:
    return Person(app, "process_owner")


@pytest.fixture
def approver(app: Flask) -> Person:
    return Person(app, "management_representative")


# ------------------------------------------------------------------ pages
def test_everybody_reads_the_library_and_only_who_has_to_sees_drafts(app: Flask) -> None:
    clerk = Person(app, "clerk")
    assert clerk.get("/modeler").status_code == 200
    assert "未经审批" in clerk.page
    assert 'href="/modeler/drafts' not in clerk.page
    assert clerk.get("/modeler/definitions/process/complaint").status_code == 200
    assert clerk.get("/modeler/definitions/form/complaint").status_code in (200, 404)
    for path in ("/modeler/drafts", "/modeler/approvals"):
        assert clerk.get(path).status_code == 403
    assert clerk.get("/modeler/definitions/process/none").status_code == 404


def test_forms_are_called_as_people_call_them(owner: Person) -> None:
    owner.get("/modeler")
    assert re.search(r"<strong>配件发放</strong></a> <span [^>]*>issue_parts<", owner.page)
    draft = owner.draft()
    owner.get(draft)
    assert re.search(r"<strong>配件发放</strong> <span [^>]*>issue_parts\.form<", owner.page)
    named = {each["name"]: each["title"] for each in owner.call("GET", f"{draft}/files").get_json()["files"]}
    assert (named["issue_parts.form"], named["parts_issue.bpmn"]) == ("配件发放", "配件领用")
    offered = {each["id"]: each["name"] for each in owner.call("GET", f"{draft}/vocabulary").get_json()["forms"]}
    assert offered["issue_parts"] == "配件发放"
    owner.bring(draft, ("extra.form", FORM))
    assert "<strong>extra.form</strong>" in owner.page


def test_draft_goes_by_clicks_to_rejection_and_to_effect(owner: Person, approver: Person, company: ProcessEngine) -> None:
    draft = owner.draft()
    assert owner.bring(draft, (NAME, changed("一"))) == 200
    owner.get(draft)
    assert owner.send(f"{draft}/submit", title="配件发放改版", reason="缩短期限").status_code == 302
    owner.get(f"{draft}/approval")
    assert "须由他人审批" in owner.page
    approver.get("/modeler/approvals")
    assert "配件发放改版" in approver.page
    approver.get(f"{draft}/approval")
    assert "SHA-256" in approver.page
    approver.send(f"{draft}/reject", reason="请补充说明")
    owner.get(draft)
    assert "请补充说明" in owner.page
    owner.send(f"{draft}/submit", title="配件发放改版", reason="缩短期限，见会议纪要")
    approver.get(f"{draft}/approval")
    assert approver.send(f"{draft}/approve", when="now").status_code == 302
    with company.reading(SYSTEM) as uow:
        row = bundles.latest(uow, "process", "parts_issue")
    assert row is not None
    assert row.version == 2
    owner.get("/modeler/definitions/process/parts_issue")
    assert "缩短期限，见会议纪要" in owner.page


def test_notices_lead_to_the_draft(owner: Person, approver: Person) -> None:
    draft = owner.draft()
    owner.bring(draft, (NAME, changed("一")))
    owner.get(draft)
    owner.send(f"{draft}/submit", title="改版", reason="缩短期限")
    approver.get("/notices")
    assert "提交了流程草稿“改版”，请您审批" in approver.page
    link = approver.page.split('href="/notices/', 1)[1].split('"', 1)[0]
    assert approver.get(f"/notices/{link}").location == draft


def test_day_of_effect_is_the_companys_time(owner: Person, approver: Person, company: ProcessEngine) -> None:
    draft = owner.draft()
    owner.bring(draft, (NAME, changed("一")))
    owner.get(draft)
    owner.send(f"{draft}/submit", title="改版", reason="缩短期限")
    approver.get(f"{draft}/approval")
    assert approver.send(f"{draft}/approve", when="later", effective_from="", reason="从下周起").status_code == 400
    assert "请填写生效时间，或选择立即生效。" in approver.page
    assert approver.page.count(">从下周起</textarea>") == 1
    approver.get(f"{draft}/approval")
    assert approver.send(f"{draft}/approve", when="later", effective_from="2026-03-09T08:30").status_code == 302
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(model_draft.c.effective_from)).isoformat() == "2026-03-09T00:30:00+00:00"
    assert "2026-03-09 08:30" in approver.get("/modeler/approvals").get_data(as_text=True)


def test_bad_files_are_told_in_one_sentence_each_and_good_ones_are_taken(owner: Person) -> None:
    draft = owner.draft()
    assert owner.bring(draft, ("a.bpmn", b"no diagram"), ("b.txt", b"x"), ("c.form", FORM), ("d.bpmn", bytes(3_000_000)),
                       ("e.bpmn", SHIPPED.decode().replace("UTF-8", "UTF-16").encode("utf-16"))) == 422
    for words in ("a.bpmn", "b.txt", "d.bpmn", "上限是 2000000 字节", "已导入", "c.form, e.bpmn"):
        assert words in owner.page
    kept = {each["name"] for each in json.loads(owner.call("GET", f"{draft}/files").data)["files"]}
    assert {"c.form", "e.bpmn", NAME} <= kept
    assert not kept & {"a.bpmn", "b.txt", "d.bpmn"}


def test_export_has_every_file_as_it_is(owner: Person) -> None:
    draft = owner.draft()
    owner.bring(draft, ("extra.form", FORM))
    with zipfile.ZipFile(io.BytesIO(owner.get(f"{draft}/export").data)) as archive:
        assert archive.read(NAME) == SHIPPED
        assert archive.read("extra.form") == FORM
    assert owner.get(f"{draft}/export/{NAME}").data == SHIPPED


def test_import_is_undone_as_a_whole(owner: Person) -> None:
    draft = owner.draft()
    owner.bring(draft, (NAME, changed("一")), ("extra.form", FORM))
    owner.get(draft)
    assert owner.send(f"{draft}/undo").status_code == 302
    assert owner.get(f"{draft}/export/{NAME}").data == SHIPPED
    assert owner.get(f"{draft}/export/extra.form").status_code == 404


def test_draft_is_given_up_only_after_asking(owner: Person) -> None:
    draft = owner.draft()
    owner.get(draft)
    owner.send(f"{draft}/discard")
    assert "确定放弃" in owner.page
    owner.send(f"{draft}/discard", reason="不需要")
    assert "已放弃" in owner.get(draft).get_data(as_text=True)


def test_errors_are_listed_when_it_is_not_submitted(owner: Person) -> None:
    draft = owner.draft()
    owner.bring(draft, (NAME, changed("一").replace(b'candidateGroups="parts_keeper"', b'candidateGroups="nobody"')))
    owner.get(draft)
    assert owner.send(f"{draft}/submit", title="改版", reason="缩短期限").status_code == 422
    for words in ("没有提交", "nobody", "group_unknown"):
        assert words in owner.page


def test_version_is_withdrawn_with_a_reason(owner: Person, approver: Person) -> None:
    test_draft_goes_by_clicks_to_rejection_and_to_effect(owner, approver, owner.http.application.extensions["fuwuflow"])
    approver.get("/modeler/definitions/process/parts_issue")
    assert approver.send("/modeler/definitions/process/parts_issue/withdraw", reason="办事处反馈有误").status_code == 302
    page = approver.get("/modeler/definitions/process/parts_issue").get_data(as_text=True)
    assert "办事处反馈有误" in page
    owner.get("/modeler/definitions/process/parts_issue")
    assert "/withdraw" not in owner.page


def test_what_people_type_is_never_html(owner: Person) -> None:
    draft = owner.draft(reason="<script>alert(1)</script>")
    owner.bring(draft, ("a.form", b'{"components": [], "id": "<img src=x>"}'))
    assert "<script>alert" not in owner.page
    assert "<img src=x>" not in owner.page


# ------------------------------------------------------------------ the editor
def test_editor_saves_over_the_revision_that_it_knows(app: Flask, owner: Person) -> None:
    other, draft = Person(app, "process_owner2"), owner.draft()
    session = json.loads(owner.call("POST", f"{draft}/sessions").data)
    assert session["others"] == []
    assert [each["user"] for each in json.loads(other.call("POST", f"{draft}/sessions").data)["others"]] == ["process_owner"]
    read = owner.call("GET", f"{draft}/files/{NAME}")
    revision = read.headers["ETag"]
    saved = owner.call("PUT", f"{draft}/files/{NAME}", changed("一"), If_Match=revision, X_Model_Session=session["session"])
    assert (saved.status_code, json.loads(saved.data)["revision"]) == (200, int(revision.strip('"')) + 1)
    lost = other.call("PUT", f"{draft}/files/{NAME}", changed("二"), If_Match=revision)
    told = json.loads(lost.data)
    assert (lost.status_code, told["code"], told["who"]) == (409, "model_changed", "process_owner")
    assert "流程负责人" in told["message"]
    assert other.call("GET", f"{draft}/files/{NAME}").data == changed("一")
    touched = json.loads(other.call("POST", f"{draft}/sessions/{session['session']}").data)
    assert touched["code"] == "not_found"
    undone = json.loads(owner.call("POST", f"{draft}/sessions/{session['session']}/undo").data)
    assert undone["undone"] == [NAME]
    assert owner.call("GET", f"{draft}/files/{NAME}").data == SHIPPED


def test_editor_is_told_what_it_sent_wrong(owner: Person) -> None:
    draft = owner.draft()
    assert owner.call("PUT", f"{draft}/files/{NAME}", SHIPPED).status_code == 400
    refused = owner.call("PUT", f"{draft}/files/new.bpmn", b"<a/>", If_None_Match="*")
    told = json.loads(refused.data)
    assert (refused.status_code, told["code"], told["problems"][0]["code"]) == (422, "deployment_refused", "not_bpmn")
    assert owner.call("PUT", f"{draft}/files/new.form", FORM, If_None_Match="*").status_code == 200
    assert owner.call("DELETE", f"{draft}/files/new.form", If_Match='"1"').status_code == 200
    assert owner.call("GET", f"{draft}/files/new.form").status_code == 404


def test_check_judges_what_is_on_the_screen(owner: Person) -> None:
    draft = owner.draft()
    broken = changed("一").replace(b'candidateGroups="parts_keeper"', b'candidateGroups="nobody"').decode()
    sent = json.dumps({"files": {NAME: broken}})
    told = json.loads(owner.call("POST", f"{draft}/check", sent, Content_Type="application/json").data)
    assert told["errors"] >= 1
    problem = next(each for each in told["problems"] if each["code"] == "group_unknown")
    assert problem["file"] == NAME
    assert set(problem) == {"file", "code", "severity", "element", "field", "path", "zh", "en"}
    assert json.loads(owner.call("POST", f"{draft}/check", "{}", Content_Type="application/json").data)["errors"] == 0


def test_editor_is_nobodys_but_the_modellers(app: Flask, owner: Person) -> None:
    draft = owner.draft()
    for user in ("clerk", "management_representative"):
        other = Person(app, user)
        for method, path in (("GET", f"{draft}/files"), ("PUT", f"{draft}/files/{NAME}"), ("POST", f"{draft}/sessions"),
                             ("POST", f"{draft}/check"), ("GET", "/modeler/choices")):
            answer = other.call(method, path, SHIPPED if method == "PUT" else None, If_Match='"1"')
            assert (path, answer.status_code) == (path, 403)
    owner.csrf = "wrong"
    assert owner.call("POST", f"{draft}/sessions").status_code == 403


@pytest.mark.parametrize(("deed", "sent"), [
    ("wait", {"until": "day", "now": "noon"}), ("wait", {"until": "day", "now": ""}),
    ("complete", {"element": "requisition", "at": "first"})])
def test_what_no_page_of_a_trial_sends_is_refused_in_a_sentence(owner: Person, deed: str, sent: dict[str, str]) -> None:
    trial = f"{owner.draft()}/try/parts_issue"
    owner.get(trial)
    answer = owner.http.post(f"{trial}/{deed}", data={"csrf": owner.csrf, **sent})
    assert answer.status_code == 422
    assert "notice-danger" in answer.get_data(as_text=True)


def test_choices_are_those_of_the_company(owner: Person) -> None:
    told = json.loads(owner.call("GET", "/modeler/choices").data)
    assert {"groups", "forms", "decisions", "processes", "operations", "topics", "lists", "calendars"} == set(told)
    assert {"id": "process_owner", "name": "流程负责人", "name_en": "Process owner"} in told["groups"]
    assert "default" in {each["id"] for each in told["calendars"]}


def test_shipped_diagrams_have_no_error_in_a_draft(owner: Person) -> None:
    draft = owner.draft("complaint")
    assert json.loads(owner.call("POST", f"{draft}/check", "{}", Content_Type="application/json").data)["errors"] == 0
    assert (ROOT / "bpmn" / "complaint.bpmn").exists()


def test_file_of_a_draft_is_read_only_by_those_who_model(app: Flask, owner: Person) -> None:
    draft = owner.draft()
    assert owner.call("GET", f"{draft}/files/{NAME}").status_code == 200
    for user in ("engineer.changsha", "auditor"):
        answer = Person(app, user).call("GET", f"{draft}/files/{NAME}")
        assert (answer.status_code, answer.json["code"]) == (403, "may_not_model")


@pytest.mark.parametrize(("deed", "fields"), [
    ("start", {"begin": "0001-01-01T00:00"}), ("complete", {"element": "issue_parts", "at": "x"}),
    ("wait", {"until": "day", "now": "soon"}),
    ("wait", {"until": "moment", "now": "2026-01-01T00:00", "moment": "2026-01-02T00:00"}),
    ("wait", {"until": "week", "now": "9999-12-31T23:59:59+00:00"})])
def test_odd_step_of_a_trial_is_refused_in_words(owner: Person, deed: str, fields: dict[str, str]) -> None:
    draft = owner.draft()
    answer = owner.post(f"{draft}/try/parts_issue/{deed}", {"csrf": owner.csrf, **fields})
    assert answer.status_code in (400, 422)
    assert 'role="alert"' in owner.page


def test_export_is_called_as_the_draft_in_letters_that_a_header_may_have(owner: Person) -> None:
    draft = owner.draft()
    owner.post(draft, {"csrf": owner.csrf, "title": "配件发放 2026", "reason": "缩短期限"})
    answer = owner.get(f"{draft}/export")
    assert (answer.status_code, answer.headers["Content-Disposition"]) == (
        200, 'attachment; filename="____ 2026.zip"; filename*=UTF-8\'\'%E9%85%8D%E4%BB%B6%E5%8F%91%E6%94%BE%202026.zip')


@pytest.mark.parametrize("key", ["a\\u0000", "a\\ud800"])
def test_form_with_a_character_that_no_database_keeps_is_refused(owner: Person, key: str) -> None:
    draft = owner.draft()
    assert owner.bring(draft, ("extra.form", FORM.replace(b"extra", key.encode()))) == 422
    assert "extra.form" in owner.page
    assert owner.get(f"{draft}/export/extra.form").status_code == 404


def test_reason_of_a_decision_that_came_too_late_is_still_there(app: Flask, owner: Person) -> None:
    draft = owner.draft()
    owner.call("PUT", f"{draft}/files/{NAME}", changed("一"), If_Match='"1"')
    owner.get(draft)
    assert owner.send(f"{draft}/submit").status_code == 302
    approver = Person(app, "management_representative")
    approver.get(f"{draft}/approval")
    late = approver.hidden(f"{draft}/approve")
    told = {"when": "later", "effective_from": "2020-01-01T08:00", "reason": "先看附件"}
    assert approver.post(f"{draft}/approve", {**late, **told}).status_code == 400
    assert 'maxlength="4000">先看附件</textarea>' in approver.page
    owner.post(f"{draft}/take-back", {"csrf": owner.csrf, "reason": "再改一处"})
    assert approver.post(f"{draft}/reject", {**late, "reason": "期限写错了"}).status_code == 409
    assert "readonly>期限写错了</textarea>" in approver.page
