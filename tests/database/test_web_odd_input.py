"""Odd input from a hostile hand: a clear refusal by a sentence, never our own failure, and nothing kept."""

import re
from typing import Any

import pytest
from flask import Flask

from engine.unit_of_work import ProcessEngine
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
    for body in (DEEP, '{"entries":' * 5_000, '{"entries": {"note": "\\ud800"}}'):
        answer = admin.http.put("/drafts?subject=start:complaint", data=body, headers=told)
        assert (answer.status_code, bool(answer.json["message"])) == (400, True), body[:20]
    assert send(admin, "/start/complaint", values=DEEP) == 422
    stranger = Client(admin.http.application)
    stranger.get("/sign-in")
    assert stranger.send("/sign-in", user="admin", password="fuwuflow", typed=DEEP).status_code == 302


# ------------------------------------------------------------------ days at the ends of the calendar
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_break_no_list(admin: Client, day: str) -> None:
    for path in ("/audit/access?since={0}&until={0}", "/audit/access.csv?since={0}&until={0}", "/admin/jobs?day={0}",
                 "/audit/samples/preview?since={0}&until={0}"):
        assert admin.get(path.format(day)).status_code == 200, path
    assert send(admin, "/audit/samples", title="抽查", since=day, until=day, size="5") == 400
    assert 'value="抽查"' in admin.page
