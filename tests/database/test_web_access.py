"""Who is let in: sessions, tokens, limits, and that nothing is open that was not declared so."""

import pytest
import sqlalchemy as sa
from flask import Flask

from engine.tables import metadata, user_account, web_session
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.web_client import Client, app_of
from web import create_app
from web.access import check_declared, needs

ON_RECORD = (".csv", ".xlsx", ".xes", ".ocel.json", ".jsonl", "verifier.py", "key.pub")
RECORD = {"access_log", "history_event", "history_body", "record_chain"}
"""What leaves the house is noted before it does, there and nowhere else."""


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def visitor(app: Flask) -> Client:
    return Client(app)


def test_route_without_declared_permission_is_refused(company: ProcessEngine) -> None:
    app = create_app(engine=company)
    check_declared(app)
    app.add_url_rule("/open", "open", lambda: "open")
    assert Client(app).get("/open").status_code == 403
    with pytest.raises(ValueError, match="open"):
        check_declared(app)


def test_every_page_but_the_public_ones_asks_for_sign_in(app: Flask, visitor: Client) -> None:
    public = {"/sign-in", "/healthz"}
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.rule not in public and "engine-rest" not in rule.rule:
            response = visitor.get(rule.rule)
            assert (response.status_code, response.location.split("?")[0]) == (302, "/sign-in"), rule.rule


def test_administration_is_refused_to_others(visitor: Client) -> None:
    visitor.sign_in("lead.changsha")
    assert visitor.get("/admin/deploy").status_code == 403
    assert "管理员" in visitor.page


def test_sign_in_goes_where_the_reader_was_going(visitor: Client) -> None:
    visitor.get("/sign-in?next=/start")
    assert visitor.send("/sign-in", user="lead.changsha", password="fuwuflow").location == "/start"


@pytest.mark.parametrize("target", [
    "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:1", "/\t/elsewhere.example", "//[x",
    "/x\r\ny: z"])
def test_sign_in_never_leads_to_another_site(visitor: Client, target: str) -> None:
    visitor.get("/sign-in")
    assert visitor.send("/sign-in", user="lead.changsha", password="fuwuflow", next=target).location == "/inbox"


def test_wrong_password_and_unknown_user_are_told_alike(visitor: Client) -> None:
    wrong = visitor.sign_in("lead.changsha", "guess")
    sentence = visitor.page.split('role="alert"')[1][:400]
    unknown = visitor.sign_in("nobody", "guess")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert visitor.page.split('role="alert"')[1][:400] == sentence


def test_ten_failures_close_the_door_for_five_minutes(app: Flask, visitor: Client, clock: Clock) -> None:
    for _ in range(10):
        assert visitor.sign_in("lead.changsha", "guess").status_code == 401
    assert visitor.sign_in("lead.changsha").status_code == 429
    assert Client(app, "127.0.0.2").sign_in("lead.changsha").status_code == 302
    clock.move(minutes=6)
    assert visitor.sign_in("lead.changsha").status_code == 302


def test_success_does_not_count_as_failure(visitor: Client) -> None:
    for _ in range(12):
        assert visitor.sign_in("lead.changsha").status_code == 302
        visitor.get("/start")
        visitor.send("/sign-out")


def test_cookie_copied_before_sign_out_is_worth_nothing(app: Flask, visitor: Client) -> None:
    visitor.sign_in("lead.changsha")
    copy = visitor.http.get_cookie("fuwuflow_session")
    assert copy is not None
    visitor.get("/inbox")
    visitor.send("/sign-out")
    thief = Client(app)
    thief.http.set_cookie("fuwuflow_session", copy.value)
    assert thief.get("/inbox").status_code == 302


def test_session_ends_after_twelve_idle_hours_and_not_before(visitor: Client, clock: Clock) -> None:
    visitor.sign_in("lead.changsha")
    clock.move(hours=11)
    assert visitor.get("/inbox").status_code == 200
    clock.move(hours=11)
    assert visitor.get("/inbox").status_code == 200
    clock.move(hours=12, minutes=1)
    assert visitor.get("/inbox").status_code == 302


def test_session_is_touched_at_most_every_five_minutes(visitor: Client, clock: Clock, company: ProcessEngine) -> None:
    def touched() -> object:
        with company.reading(SYSTEM) as uow:
            return uow.scalar(sa.select(web_session.c.touched_at))

    visitor.sign_in("lead.changsha")
    first = touched()
    clock.move(minutes=4)
    visitor.get("/inbox")
    assert touched() == first
    clock.move(minutes=2)
    visitor.get("/inbox")
    assert touched() == clock.now


def test_database_does_not_know_the_token(visitor: Client, company: ProcessEngine) -> None:
    visitor.sign_in("lead.changsha")
    cookie = visitor.http.get_cookie("fuwuflow_session")
    with company.reading(SYSTEM) as uow:
        stored = uow.row(sa.select(web_session))
    assert cookie is not None
    assert stored is not None
    assert cookie.value not in tuple(stored)


def test_session_of_a_closed_account_ends_at_once(visitor: Client, company: ProcessEngine) -> None:
    visitor.sign_in("lead.changsha")
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(user_account).where(user_account.c.id == "lead.changsha").values(is_active=False))
    assert visitor.get("/inbox").status_code == 302


def test_session_cookie_is_hidden_from_scripts_and_other_sites(visitor: Client) -> None:
    cookies = visitor.sign_in("lead.changsha").headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("fuwuflow_session"))
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session


@pytest.mark.parametrize("token", ["", "wrong"])
def test_post_without_the_token_changes_nothing(visitor: Client, token: str) -> None:
    visitor.sign_in("lead.changsha")
    assert visitor.post("/language", {"language": "en", "csrf": token}).status_code == 403
    assert 'lang="zh-CN"' in visitor.get("/inbox").get_data(as_text=True)


def test_post_from_another_site_is_refused_even_with_the_token(visitor: Client) -> None:
    visitor.sign_in("lead.changsha")
    visitor.get("/inbox")
    fields = {**visitor.hidden("/language"), "language": "en"}
    assert visitor.post("/language", fields, Origin="https://elsewhere.example").status_code == 403
    assert visitor.post("/language", fields, Origin="http://localhost").status_code == 302


def test_sign_in_itself_needs_a_token(visitor: Client) -> None:
    assert visitor.post("/sign-in", {"user": "lead.changsha", "password": "fuwuflow"}).status_code == 403


def test_reading_pages_changes_no_row(app: Flask, visitor: Client, company: ProcessEngine) -> None:
    def contents() -> dict[str, list[tuple[object, ...]]]:
        with company.reading(SYSTEM) as uow:
            return {table.name: sorted(map(tuple, uow.rows(sa.select(table))), key=repr) for table in metadata.sorted_tables}

    visitor.sign_in("admin")
    before = contents()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.endswith(ON_RECORD):
            visitor.get(rule.rule)
    assert contents() == before
    for rule in app.url_map.iter_rules():
        if rule.rule.endswith(ON_RECORD) and not rule.arguments:
            visitor.get(rule.rule)
    after = contents()
    assert {name for name in after if after[name] != before[name]} == RECORD


def test_scripts_come_from_this_server_only(visitor: Client) -> None:
    policy = visitor.get("/sign-in").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "<script>" not in visitor.page


def test_chosen_language_is_kept_with_the_account(app: Flask, visitor: Client) -> None:
    visitor.sign_in("lead.changsha")
    visitor.get("/inbox")
    visitor.send("/language", language="en")
    other = Client(app)
    other.sign_in("lead.changsha")
    assert '<html lang="en">' in other.get("/inbox").get_data(as_text=True)


def test_upload_of_60_mb_is_refused_with_a_page(visitor: Client) -> None:
    visitor.sign_in("admin")
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="big.bpmn"\r\n\r\n' + bytes(60_000_000) + b"\r\n--x--"
    visitor.response = visitor.http.post("/modeler/drafts", data=body, content_type="multipart/form-data; boundary=x")
    assert visitor.response.status_code == 413
    assert "20 MB" in visitor.page
    assert "Traceback" not in visitor.page


def test_failure_of_ours_is_a_sentence_without_traceback(company: ProcessEngine, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(engine=company)

    @app.get("/broken")
    @needs("public")
    def broken() -> str:
        raise RuntimeError("secret detail")

    visitor = Client(app)
    assert visitor.get("/broken").status_code == 500
    assert "secret detail" not in visitor.page
    assert "secret detail" in caplog.text
    assert visitor.get("/broken", Accept="application/json").json == {
        "code": "failed", "message": "系统出现内部错误，已经记录。您填写的内容没有丢失：请稍后重试，仍不成功请联系管理员。"}


def test_page_and_json_tell_the_same_refusal(visitor: Client) -> None:
    assert visitor.get("/no-such-page").status_code == 404
    response = visitor.get("/no-such-page", Accept="application/json")
    assert response.status_code == 404
    assert response.json is not None
    assert response.json["message"] in visitor.get("/no-such-page").get_data(as_text=True)


def test_healthz_answers_without_sign_in(visitor: Client) -> None:
    assert (visitor.get("/healthz").status_code, visitor.page) == (200, "ok\n")
