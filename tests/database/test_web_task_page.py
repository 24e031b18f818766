"""The task page over HTTP: why it is mine, drafts, comments, files, handing over, and every refusal with its words kept."""

import io
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from engine import identity, instances, jobs
from engine.tables import comment, document, draft, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.web_client import Client, app_of

REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
GOOD = json.dumps({"engineer": "engineer.changsha", "assignment_note": "带备板"}, ensure_ascii=False)
HTML = "<img src=x onerror=alert(1)>"


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def lead(app: Flask) -> Client:
    return signed_in(app, "lead.changsha")


@pytest.fixture
def path(company: ProcessEngine) -> str:
    """The page of a task "assign a visit" in Changsha."""
    with company.reading(SYSTEM) as uow:
        who = identity.actor(uow, "lead.changsha")
    with company.transaction(who) as uow:
        instances.start(uow, "in_warranty", form_values=REPORT)
    jobs.run_all(company)
    return f"/tasks/{rows(company, sa.select(task))[0].id}"


def signed_in(app: Flask, user: str) -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


def rows(company: ProcessEngine, query: Any) -> list[Any]:
    with company.reading(SYSTEM) as uow:
        return uow.rows(query)


def case_of(path: str) -> str:
    return "/cases/" + path.removeprefix("/tasks/").rpartition(".")[0]


def photo(size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "JPEG")
    return out.getvalue()


def files(*given: tuple[str, bytes]) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(data), name) for name, data in given]


# ------------------------------------------------------------------ why
def test_page_says_why_the_task_is_mine(app: Flask, lead: Client, path: str) -> None:
    lead.get(path)
    assert "您所在的小组：服务部负责人（长沙" in lead.page
    admin = signed_in(app, "admin")
    admin.get(path)
    admin.send(f"{path}/assign", assignee="lead.changsha", reason="您最熟悉")
    lead.get(path)
    assert re.search(r"系统管理员交给您办理（.*），原因：您最熟悉", lead.page)


# ------------------------------------------------------------------ drafts
def save(client: Client, path: str, **body: Any) -> Any:
    csrf = client.hidden("/language")["csrf"]
    return client.http.put(f"/drafts?subject={path.removeprefix('/tasks/')}", json=body,
                           headers={"X-CSRF-Token": csrf, "Accept": "application/json"})


def test_draft_is_saved_offered_again_and_gone_when_done(lead: Client, path: str, company: ProcessEngine, clock: Clock) -> None:
    lead.get(path)
    first = save(lead, path, entries={"assignment_note": "半句"}, basis="")
    assert (first.status_code, first.json["words"]) == (200, "09:00")
    found = lead.http.get(f"/drafts?subject={path.removeprefix('/tasks/')}").json
    assert (found["entries"], found["saved_at"]) == ({"assignment_note": "半句"}, first.json["saved_at"])
    clock.move(minutes=5)
    assert save(lead, path, entries={"assignment_note": "另一台"}, basis=first.json["saved_at"]).status_code == 200
    newer = save(lead, path, entries={"assignment_note": "旧页面"}, basis=first.json["saved_at"])
    assert (newer.status_code, newer.json["entries"], newer.json["words"]) == (409, {"assignment_note": "另一台"}, "09:05")
    lead.send(f"{path}/complete", values=GOOD)
    assert rows(company, sa.select(draft)) == []


@pytest.mark.parametrize("body", [None, [], {"entries": "x"}, {"entries": None}])
def test_nonsense_as_a_draft_is_refused(lead: Client, path: str, body: Any) -> None:
    lead.get(path)
    csrf = lead.hidden("/language")["csrf"]
    headers = {"X-CSRF-Token": csrf, "Accept": "application/json"}
    reply = lead.http.put("/drafts?subject=start:in_warranty", json=body, headers=headers)
    assert reply.status_code == 400


def test_draft_after_the_session_ended_is_refused_as_json(lead: Client, path: str, clock: Clock) -> None:
    lead.get(path)
    clock.move(hours=13)
    assert (save(lead, path, entries={}).status_code, save(lead, path, entries={}).json["code"]) == (401, "session_over")


# ------------------------------------------------------------------ comments
def test_comment_stands_on_the_page_as_text(lead: Client, path: str) -> None:
    lead.get(path)
    action = f"{case_of(path)}/comments"
    assert lead.send(action, text=f"{HTML} @engineer.changsha 请带备板 😀").location.startswith(f"{path}#comment-")
    lead.get(path)
    assert "<img src=x" not in lead.page
    assert "&lt;img src=x onerror=alert(1)&gt;" in lead.page
    assert 'title="@engineer.changsha"' in lead.page


def test_comment_that_met_an_ended_session_is_written_once_its_author_says_so_again(
        lead: Client, path: str, clock: Clock) -> None:
    lead.get(path)
    action = f"{case_of(path)}/comments"
    fields = lead.hidden(action)
    clock.move(hours=13)
    assert lead.post(action, {**fields, "text": "顾客改到明天 <b>上午</b>"}).status_code == 401
    assert lead.send("/sign-in", user="lead.changsha", password="fuwuflow").status_code == 200
    assert "顾客改到明天 &lt;b&gt;上午&lt;/b&gt;" in lead.page
    assert "没有执行" in lead.page
    assert lead.send(action).location.startswith(f"{path}#comment-")
    lead.get(path)
    assert lead.page.count("顾客改到明天 &lt;b&gt;上午&lt;/b&gt;") == 1


def test_several_values_of_one_name_outlive_an_ended_session(lead: Client, path: str, clock: Clock) -> None:
    lead.get("/inbox?view=groups")
    fields = lead.hidden("/inbox/selected")
    clock.move(hours=13)
    lead.post("/inbox/selected", {**fields, "do": "claim", "task": ["a.1:0", "b.2:0"]})
    lead.send("/sign-in", user="lead.changsha", password="fuwuflow")
    assert re.findall(r'name="task" value="([^"]*)"', lead.page) == ["a.1:0", "b.2:0"]


@pytest.mark.parametrize("typed", [
    "[]", "x", '{"action": "https://elsewhere.example/", "fields": []}', '{"action": 1, "fields": 2}'])
def test_odd_words_carried_through_sign_in_lead_to_the_page_and_nowhere_else(company: ProcessEngine, typed: str) -> None:
    visitor = Client(app_of(company))
    visitor.get("/sign-in")
    assert visitor.send("/sign-in", user="lead.changsha", password="fuwuflow", typed=typed).location == "/inbox"


def test_overlong_comment_is_refused_with_its_text_kept(lead: Client, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    text = "字" * 10_001
    assert lead.send(f"{case_of(path)}/comments", text=text).status_code == 400
    assert "留言有 10001 个字符，上限为 10000" in lead.page
    assert text in lead.page
    assert rows(company, sa.select(comment)) == []


def test_picker_knows_the_people_who_may_see_the_case(lead: Client, path: str) -> None:
    people = {one["id"] for one in lead.get(f"{case_of(path)}/people").json}
    assert {"engineer.changsha", "clerk", "admin"} <= people
    assert not people & {"engineer.yueyang", "api"}


# ------------------------------------------------------------------ files
def upload(client: Client, path: str, *given: tuple[str, bytes], **headers: str) -> Any:
    client.get(path)
    action = f"{case_of(path)}/documents"
    reply = client.post(action, {**client.hidden(action), "file": files(*given)}, **headers)
    reply.request.environ["wsgi.input"].close()  # the test client's own copy on disk
    return reply


def test_files_are_added_shown_and_sent_powerless(lead: Client, path: str, company: ProcessEngine) -> None:
    assert upload(lead, path, ("现场😀.jpg", photo()), ("../../说明.txt", "看屏幕".encode())).status_code == 302
    picture, text = rows(company, sa.select(document).order_by(document.c.media_type))
    assert (picture.name, text.name) == ("现场😀.jpg", "说明.txt")
    lead.get(path)
    assert f"/documents/{picture.id}/thumbnail" in lead.page
    shown, saved = (lead.get(f"/documents/{row.id}") for row in (picture, text))
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert "UTF-8''%E8%AF%B4%E6%98%8E.txt" in saved.headers["Content-Disposition"]
    for reply in (shown, saved, lead.get(f"/documents/{picture.id}/thumbnail")):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_one_refused_file_does_not_keep_the_others_out(lead: Client, path: str, company: ProcessEngine) -> None:
    reply = upload(lead, path, ("照片.jpg", b"MZ" + bytes(500)), ("好.jpg", photo()))
    assert reply.status_code == 415
    assert "“照片.jpg”的内容是Windows 程序，没有保存" in lead.page
    assert "已保存：好.jpg" in lead.page
    assert [row.name for row in rows(company, sa.select(document))] == ["好.jpg"]


def test_photo_of_30_mb_is_refused_naming_file_and_limit(lead: Client, path: str, company: ProcessEngine) -> None:
    reply = upload(lead, path, ("大.jpg", photo() + bytes(30_000_000)), Accept="application/json")
    assert reply.status_code == 413
    assert re.match("“大.jpg”有 30.0 MB，超过每个文件 20 MB 的上限", reply.json["files"][0]["sentence"])
    assert rows(company, sa.select(document)) == []


def test_removed_file_is_gone_and_says_by_whom(lead: Client, app: Flask, path: str, company: ProcessEngine) -> None:
    upload(lead, path, ("错.jpg", photo()))
    made = rows(company, sa.select(document))[0].id
    lead.get(path)
    assert lead.send(f"/documents/{made}/remove", reason="拍错了机器").status_code == 302
    lead.get(path)
    assert re.search("错.jpg：长沙服务部负责人于 .* 删除。拍错了机器", lead.page)
    assert lead.get(f"/documents/{made}").status_code == 410


def test_file_of_another_office_is_refused(lead: Client, app: Flask, path: str, company: ProcessEngine) -> None:
    upload(lead, path, ("a.jpg", photo()))
    made = rows(company, sa.select(document))[0].id
    other = signed_in(app, "lead.yueyang")
    assert [other.get(f"/documents/{made}{tail}").status_code for tail in ("", "/thumbnail")] == [403, 403]
    csrf = other.hidden("/language")["csrf"] if "/language" in other.page else ""
    assert other.post(f"{case_of(path)}/documents", {"csrf": csrf, "file": files(("b.jpg", photo()))}).status_code == 403


# ------------------------------------------------------------------ handing over and being overtaken
def test_lead_sees_open_load_delegates_and_it_is_given_back(lead: Client, app: Flask, path: str, company: ProcessEngine) -> None:
    admin = signed_in(app, "admin")
    admin.get(path)
    assert "长沙服务部负责人 — 手上 0 项" in admin.page
    admin.send(f"{path}/assign", assignee="lead.changsha")
    lead.get(path)
    reply = lead.send(f"{path}/release")
    assert reply.status_code == 302


def test_past_due_date_is_refused_and_the_reason_kept(lead: Client, path: str) -> None:
    lead.get(path)
    assert lead.send(f"{path}/due", due_at="2026-03-01T10:00", reason="客户不在").status_code == 400
    assert "2026-03-01 10:00 已经过去" in lead.page
    assert "客户不在" in lead.page
    assert lead.send(f"{path}/due", due_at="nonsense", reason="x").status_code == 400
    lead.get(path)
    assert lead.send(f"{path}/due", due_at="2026-03-05T10:00", reason="客户不在").status_code == 302
    lead.get(path)
    assert "2026-03-05 10:00" in lead.page


def test_overtaken_words_are_kept_as_a_draft_and_the_way_on_is_offered(
        app: Flask, lead: Client, path: str, company: ProcessEngine) -> None:
    admin = signed_in(app, "admin")
    lead.get(path)
    admin.get(path)
    admin.send(f"{path}/complete", values=GOOD)
    typed = json.dumps({"engineer": "engineer2.changsha", "assignment_note": HTML})
    assert lead.send(f"{path}/complete", values=typed).status_code == 409
    assert "系统管理员" in lead.page
    assert "&lt;img src=x onerror=alert(1)&gt;" in lead.page
    assert "<img src=x" not in lead.page
    assert 'data-copy="typed-words"' in lead.page
    [kept] = rows(company, sa.select(draft))
    assert (kept.user_id, json.loads(kept.entries)["assignment_note"]) == ("lead.changsha", HTML)


def test_words_for_a_suspended_case_are_kept(lead: Client, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    with company.transaction(SYSTEM) as uow:
        instances.suspend(uow, path.removeprefix("/tasks/").rpartition(".")[0], reason="盘点")
    assert lead.send(f"{path}/complete", values=GOOD).status_code == 409
    assert "已暂停" in lead.page
    assert lead.form()["data"]["assignment_note"] == "带备板"


def test_words_sent_for_a_task_of_another_office_are_kept(app: Flask, path: str) -> None:
    other = signed_in(app, "lead.yueyang")
    other.get("/start")
    csrf = other.hidden("/language")["csrf"]
    assert other.post(f"{path}/complete", {"csrf": csrf, "values": GOOD}).status_code == 403
    assert "不属于您的办事处" in other.page
    assert "带备板" in other.page


def test_done_page_leads_on_and_the_back_button_does_nothing_twice(lead: Client, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    fields = {**lead.hidden(f"{path}/complete"), "values": GOOD}
    first = lead.post(f"{path}/complete", fields).location
    jobs.run_all(company)
    again = lead.post(f"{path}/complete", fields)
    assert again.status_code == 302
    lead.get(f"{path}/done")
    assert "已完成：指派工程师上门" in lead.page
    lead.get(path)
    assert "长沙服务部负责人" in lead.page
    assert "/complete" not in lead.page
    assert first


def test_what_the_case_began_with_is_at_hand_at_every_step(lead: Client, path: str) -> None:
    lead.get(path)
    begun = lead.page.partition("发起内容")[2].partition("</details>")[0]
    assert re.findall(r"<dt>联系电话</dt><dd>([^<]*)</dd>", begun) == ["0731-5550101"]
    assert "开机无显示" in begun
    assert "same_city" not in begun


def test_what_was_entered_before_stands_in_words(lead: Client, app: Flask, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    lead.send(f"{path}/complete", values=GOOD)
    jobs.run_all(company)
    later = rows(company, sa.select(task).where(task.c.state == "open"))[0]
    engineer = signed_in(app, "engineer.changsha")
    engineer.get(f"/tasks/{later.id}")
    assert "此前填写的内容" in engineer.page
    assert "<dd>带备板</dd>" in engineer.page
    assert "<dd>engineer.changsha</dd>" not in engineer.page, "an option's words, not its value"
