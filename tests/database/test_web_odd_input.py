"""Odd input from a hostile hand: a clear refusal by a sentence, never our own failure, and nothing kept."""

import base64
import logging
import random
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from engine import bundles
from engine.modeling import drafts
from engine.settings import ROOT
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database import acting
from tests.database.destroying import as_
from tests.web_client import Client, app_of

DEEP = "[" * 100_000


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def admin(app: Flask) -> Client:
    client = Client(app)
    client.sign_in("admin")
    return client


def token(client: Client) -> str:
    client.get("/me")
    found = re.search(r'name="csrf" value="([^"]+)"', client.page)
    assert found
    return found[1]


def send(client: Client, path: str, **fields: Any) -> int:
    return client.post(path, {"csrf": token(client), **fields}).status_code


# ------------------------------------------------------------------ what no database keeps
def test_nul_in_an_address_is_no_page_and_in_a_field_is_refused_by_its_name(app: Flask, admin: Client) -> None:
    assert admin.get("/cases/a%00b").status_code == 404
    assert admin.get("/cases?q=a%00b").status_code == 400
    assert "“q”里有一个看不见的控制字符" in admin.page
    assert send(admin, "/me/absence", user="admin", substitute="manager", reason="a\0b") == 400
    assert "“reason”" in admin.page
    stranger = Client(app)
    stranger.get("/sign-in")
    assert stranger.send("/sign-in", user="a\0b", password="x").status_code == 400


# ------------------------------------------------------------------ addresses
def test_origin_that_cannot_be_read_is_another_site(admin: Client) -> None:
    assert admin.post("/me/mail", {"csrf": token(admin)}, Origin="http://[::1").status_code == 403


# ------------------------------------------------------------------ what no script of ours sends
def test_json_that_is_nested_too_deeply_is_refused(admin: Client) -> None:
    told = {"X-CSRF-Token": token(admin), "Accept": "application/json", "Content-Type": "application/json"}
    for body in (DEEP, '{"entries":' * 5_000):
        answer = admin.http.put("/drafts?subject=start:complaint", data=body, headers=told)
        assert (answer.status_code, bool(answer.json["message"])) == (400, True), body[:20]
    assert send(admin, "/start/complaint", values=DEEP) == 422
    stranger = Client(admin.http.application)
    stranger.get("/sign-in")
    assert stranger.send("/sign-in", user="admin", password="fuwuflow", typed=DEEP).status_code == 302


def test_half_of_an_emoji_is_shown_as_such_and_costs_nobody_the_page(company: ProcessEngine, app: Flask) -> None:
    task = ids(company)["task_id"]
    lead = Client(app)
    lead.sign_in("lead.changsha")
    half = '{"note": "屏幕不亮\\ud83d"}'
    for path, status in ((f"/tasks/{task}/complete", 422), (f"/tasks/{task}/delegate", 400), ("/start/complaint", 422)):
        assert send(lead, path, values=half) == status
        assert "屏幕不亮\ufffd" in lead.page or "\\u5c4f\\u5e55\\u4e0d\\u4eae\\ufffd" in lead.page, path


# ------------------------------------------------------------------ days at the ends of the calendar
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_break_no_list(admin: Client, day: str) -> None:
    for path in ("/audit/access?since={0}&until={0}", "/audit/access.csv?since={0}&until={0}", "/admin/jobs?day={0}",
                 "/audit/samples/preview?since={0}&until={0}"):
        assert admin.get(path.format(day)).status_code == 200, path
    assert send(admin, "/audit/samples", title="抽查", since=day, until=day, size="5") == 400
    assert 'value="抽查"' in admin.page


def test_value_that_only_the_database_refuses_is_told_as_such_and_logged(admin: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert admin.get("/notices?after=0001-01-01T00:00:00%2B14:00~x").status_code == 400
    assert "提交的内容里有无法保存的数字、日期或字符，没有作任何更改" in admin.page
    assert [record.levelname for record in caplog.records] == ["WARNING"]


# ------------------------------------------------------------------ every route
ODD = ("", "-1", "99999999999999999999999", "²", "9999-12-31", "0001-01-01T00:00", "0001-01-01T00:00:00+14:00~x", "::::~|,%_\\",
       '{"a": "\\ud800"}', "[" * 5_000, "x" * 5_000, "<b>", "../../x")
FITTING = ("1", "2026-03-02T10:00", "manager", "changsha", "complaint", "on")
NAMED = re.compile(r'(?:(?:args|form|values)\.get(?:list)?|\bfield|\bmoment)\("(\w+)"')


def test_every_route_answers_odd_input_with_a_sentence(
        company: ProcessEngine, app: Flask, admin: Client, caplog: pytest.LogCaptureFixture) -> None:
    known, csrf = ids(company), token(admin)
    names = sorted({name for path in Path(ROOT, "web").rglob("*.py") for name in NAMED.findall(path.read_text("utf-8"))})
    assert len(names) > 80
    for rule, method in routes(app):
        dice = random.Random(f"{rule.rule} {method}")  # the same each run
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: known.get(found[1], "1"), rule.rule)
        sent = {name: dice.choice(ODD + FITTING) for name in names if dice.random() < 0.7}
        answer = admin.http.open(path, method=method, **asking(method, path, sent, csrf), buffered=True)
        assert answer.status_code < 500 or path.startswith("/engine-rest"), (method, path, sent)
        assert answer.status_code < 400 or len(answer.get_data()) > 20, (method, path)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def asking(method: str, path: str, sent: dict[str, str], csrf: str) -> dict[str, Any]:
    told = {"Authorization": f"Basic {base64.b64encode(b'admin:fuwuflow').decode()}"} if path.startswith("/engine-rest") else {}
    if method == "GET":
        return {"query_string": {name: value[:200] for name, value in sent.items()}, "headers": told}
    if path.startswith("/engine-rest"):
        return {"json": dict(list(sent.items())[:2]), "headers": told}
    return {"data": {**sent, "csrf": csrf}}


def routes(app: Flask) -> list[tuple[Rule, str]]:
    return [(rule, method) for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule)
            for method in sorted(rule.methods or ()) if method in ("GET", "POST", "PUT", "DELETE")
            if rule.endpoint not in ("auth.leave", "assets.file")]


def ids(company: ProcessEngine) -> dict[str, str]:
    """What the parts of an address are filled with: a case, its task, a draft …"""
    case = acting.start(company, "lead.changsha", "complaint", received_by="phone", customer="长沙某银行", product="pin_pad",
                        serial_number="PP1", complaint_text="服务态度差")
    with company.reading(SYSTEM) as uow:
        definition_id = str(bundles.latest(uow, "process", "complaint").id)  # type: ignore[union-attr]  # it is deployed
    draft = as_(company, "process_owner", drafts.create, title="改版", reason="试", definitions=[definition_id])
    return {"case_id": case.id, "instance_id": case.id, "task_id": str(case.task("judge_complaint").id), "draft_id": draft,
            "definition_id": definition_id, "key": "complaint", "process_key": "complaint", "process": "complaint",
            "shown": "complaint", "user_id": "clerk", "group": "clerk", "place": "changsha", "kind": "statistics",
            "name": "complaint.bpmn", "deed": "start", "verb": "start"}
