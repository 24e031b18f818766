"""The administrator's pages by a person's clicks: users, groups, offices, import, jobs, mail, changes."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import identity, incidents, job_rows, jobs, organization, substitutions
from engine.settings import Settings
from engine.tables import incident, mail, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database.test_web_tasks import REPORT, values
from tests.web_client import Client, app_of

PAGES = ("people", "people/new", "people/engineer.changsha", "people/import", "groups", "offices", "calendar", "incidents",
         "jobs", "mail", "changes", "deploy")


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def admin(app: Flask) -> Client:
    client = Client(app)
    client.sign_in("admin")
    return client


def begin(app: Flask) -> str:
    lead = Client(app)
    lead.sign_in("lead.changsha")
    lead.get("/start/in_warranty")
    return str(lead.send("/start/in_warranty", values=values(**REPORT)).location.split("?")[0])


def password(page: str) -> str:
    found = re.search(r"data-password>([^<]+)<", page)
    assert found
    return found[1]


def profile(company: ProcessEngine, user: str) -> organization.Profile:
    with company.reading(SYSTEM) as uow:
        return organization.profile(uow, identity.user(uow, user))


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_the_administrators(app: Flask, admin: Client, page: str) -> None:
    assert admin.get(f"/admin/{page}").status_code == 200
    lead = Client(app)
    lead.sign_in("lead.changsha")
    assert lead.get(f"/admin/{page}").status_code == 403


# ------------------------------------------------------------------ users
def test_added_user_signs_in_with_the_password_shown_once(app: Flask, admin: Client) -> None:
    admin.get("/admin/people/new")
    admin.send("/admin/people/new", user="engineer9", name="新工程师", memberships="service_engineer@changsha")
    given = password(admin.page)
    admin.get("/admin/people/engineer9")
    assert given not in admin.page
    newcomer = Client(app)
    assert newcomer.sign_in("engineer9", given).status_code == 302
    assert newcomer.get("/inbox").status_code == 200


def test_refused_profile_keeps_what_was_typed(admin: Client) -> None:
    admin.get("/admin/people/new")
    answer = admin.send("/admin/people/new", user="engineer9", name="新<b>工程师", email="nowhere",
                        memberships="service_engineer@yueyang")
    assert answer.status_code == 400
    assert "不是电子邮箱地址" in admin.page
    assert "新&lt;b&gt;工程师" in admin.page
    assert re.search(r'value="service_engineer@yueyang" checked', admin.page)


def test_change_of_a_user_appears_in_the_list_of_changes(admin: Client, company: ProcessEngine) -> None:
    admin.get("/admin/people/clerk")
    answer = admin.send("/admin/people/clerk", name="信息员", name_en="Clerk", email="clerk@fuwuflow.example", language="zh",
                        memberships="service_clerk", reason="改名")
    assert answer.status_code == 302
    assert not profile(company, "clerk").sees_all
    admin.get("/admin/changes?subject=user:clerk")
    for words in ("变更用户", "客户服务中心信息员 → 信息员", "改名"):
        assert words in admin.page


def test_times_in_the_list_of_changes_are_those_of_here(admin: Client, company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow:
        engineer, now = identity.actor(uow, "engineer.changsha"), uow.now
    with company.transaction(engineer) as uow:
        substitutions.enter(uow, "engineer.changsha", substitute="engineer2.changsha", from_at=now,
                            until_at=now + timedelta(days=2), reason="培训")
    admin.get("/admin/changes?subject=user:engineer.changsha")
    assert "→ 2026-03-02 09:00" in admin.page
    assert "2026-03-02T01:00" not in admin.page.partition("<tbody>")[2].replace('datetime="2026-03-02T01:00', "")


def test_second_of_two_pages_is_refused(admin: Client, app: Flask) -> None:
    late = Client(app)
    late.sign_in("admin")
    late.get("/admin/people/clerk")
    admin.get("/admin/people/clerk")
    typed = {"name": "信息员", "name_en": "Clerk", "language": "zh", "memberships": "service_clerk"}
    assert admin.send("/admin/people/clerk", **typed).status_code == 302
    assert late.send("/admin/people/clerk", **{**typed, "name": "别人"}).status_code == 409
    assert "变更了这个用户" in late.page


def test_own_right_cannot_be_taken(admin: Client, company: ProcessEngine) -> None:
    admin.get("/admin/people/admin")
    fields = {**admin.hidden("/admin/people/admin"), "name": "管理员", "language": "zh"}
    del fields["is_admin"]
    assert admin.post("/admin/people/admin", fields).status_code == 409
    assert profile(company, "admin").is_admin


def test_new_password_ends_sessions_and_the_old_one(app: Flask, admin: Client) -> None:
    clerk = Client(app)
    clerk.sign_in("clerk")
    admin.get("/admin/people/clerk")
    admin.send("/admin/people/clerk/password")
    given = password(admin.page)
    assert clerk.get("/inbox").status_code == 302
    assert clerk.sign_in("clerk").status_code == 401
    assert clerk.sign_in("clerk", given).status_code == 302


@pytest.mark.parametrize(("to", "holder"), [("", None), ("admin", "admin")])
def test_closing_an_account_hands_its_tasks_over(app: Flask, admin: Client, company: ProcessEngine, to: str,
                                                 holder: str | None) -> None:
    begin(app)
    jobs.run_all(company)
    lead = Client(app)
    lead.sign_in("lead.changsha")
    with company.reading(SYSTEM) as uow:
        row = uow.row(sa.select(task).where(task.c.state == "open"))
    assert row is not None
    lead.get(f"/tasks/{row.id}")
    lead.send(f"/tasks/{row.id}/claim")
    admin.get("/admin/people/lead.changsha")
    assert "此人有 1 项未完成的任务" in admin.page
    answer = admin.send("/admin/people/lead.changsha/deactivate", to=to, reason="离职")
    assert answer.status_code == 302
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(task.c.assignee).where(task.c.id == row.id)) == holder
    assert lead.get("/inbox").status_code == 302
    assert lead.sign_in("lead.changsha").status_code == 401


def test_account_that_may_not_be_closed_keeps_its_tasks(app: Flask, admin: Client, company: ProcessEngine) -> None:
    begin(app)
    jobs.run_all(company)
    lead = Client(app)
    lead.sign_in("lead.changsha")
    with company.reading(SYSTEM) as uow:
        row = uow.row(sa.select(task).where(task.c.state == "open"))
    assert row is not None
    lead.get(f"/tasks/{row.id}")
    lead.send(f"/tasks/{row.id}/claim")
    for wrong, status in (({"reason": " "}, 400), ({"reason": "离职", "revision": "99"}, 409)):
        admin.get("/admin/people/lead.changsha")
        assert admin.send("/admin/people/lead.changsha/deactivate", **wrong).status_code == status
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(task.c.assignee).where(task.c.id == row.id)) == "lead.changsha"


def test_task_that_cannot_be_handed_over_keeps_the_account_open(app: Flask, admin: Client, company: ProcessEngine) -> None:
    begin(app)
    jobs.run_all(company)
    lead = Client(app)
    lead.sign_in("lead.changsha")
    with company.reading(SYSTEM) as uow:
        row = uow.row(sa.select(task).where(task.c.state == "open"))
    assert row is not None
    lead.get(f"/tasks/{row.id}")
    lead.send(f"/tasks/{row.id}/claim")
    admin.get("/admin/people/lead.changsha")
    assert admin.send("/admin/people/lead.changsha/deactivate", to="sales.yueyang", reason="离职").status_code == 409
    assert "没有移交成功" in admin.page
    assert row.business_key in admin.page
    assert lead.get("/inbox").status_code == 200


# ------------------------------------------------------------------ import
def upload(admin: Client, text: bytes, name: str = "users.csv") -> int:
    admin.get("/admin/people/import")
    return admin.send("/admin/people/import", file=(io.BytesIO(text), name)).status_code


def hidden_text(page: str, name: str) -> str:
    found = re.search(rf'<textarea name="{name}" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_import_from_excel_gives_passwords_that_work(app: Flask, admin: Client, encoding: str) -> None:
    text = "user,name,memberships\r\neng8,长沙工程师八,service_engineer@changsha\r\n"
    assert upload(admin, text.encode(encoding)) == 200
    assert "长沙工程师八" in admin.page
    admin.send("/admin/people/import/confirm", text=hidden_text(admin.page, "text"))
    file = hidden_text(admin.page, "file")
    answer = admin.send("/admin/people/import/passwords", file=file)
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[1][:2] == ["eng8", "长沙工程师八"]
    newcomer = Client(app)
    assert newcomer.sign_in("eng8", rows[1][2]).status_code == 302


def test_file_of_passwords_has_no_formula_and_refuses_what_is_no_table(admin: Client) -> None:
    assert upload(admin, b"user,name\r\neng8,=1+1\r\n") == 200
    admin.send("/admin/people/import/confirm", text=hidden_text(admin.page, "text"))
    answer = admin.send("/admin/people/import/passwords", file=hidden_text(admin.page, "file"))
    assert "eng8,'=1+1," in answer.get_data(as_text=True)
    csrf = admin.get("/me") and re.search(r'name="csrf" value="([^"]+)"', admin.page)
    assert csrf
    assert admin.post("/admin/people/import/passwords", {"csrf": csrf[1], "file": "x" * 140_000}).status_code == 400


def test_wrong_rows_are_told_with_line_field_and_what_to_do(admin: Client) -> None:
    assert upload(admin, "user,name,memberships\neng8,八,service_engineer\neng9,九,nobody_knows\n".encode()) == 200
    assert "小组“service_engineer”按办事处办理" in admin.page
    assert "没有人群“nobody_knows”" in admin.page
    assert "/admin/people/import/confirm" not in admin.page


def test_import_confirmed_twice_is_refused_the_second_time(admin: Client) -> None:
    upload(admin, "user,name\neng8,八\n".encode())
    fields = {**admin.hidden("/admin/people/import/confirm"), "text": hidden_text(admin.page, "text")}
    assert admin.post("/admin/people/import/confirm", fields).status_code == 200
    assert admin.post("/admin/people/import/confirm", fields).status_code == 409
    assert "没有写入任何内容" in admin.page


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n\x00\x00", b"salary\n1\n", b"user,name\n" + b"x" * 1_000_001])
def test_file_that_is_no_list_of_users_is_refused_in_words(admin: Client, data: bytes) -> None:
    assert upload(admin, data, "../evil.exe") in (400, 413)
    assert 'role="alert"' in admin.page


def test_template_can_be_imported(admin: Client) -> None:
    template = admin.get("/admin/people/import/template").get_data()
    assert upload(admin, template) == 200
    assert "新增 1 个" in admin.page


# ------------------------------------------------------------------ offices, calendar
def test_office_with_cases_says_how_many(app: Flask, admin: Client) -> None:
    begin(app)
    admin.get("/admin/offices")
    assert admin.send("/admin/offices/changsha", name="长沙", name_en="Changsha", region="湖南").status_code == 409
    assert "还有 1 个未结工单" in admin.page


@pytest.mark.parametrize(("page", "taken"), [("/admin/offices", "changsha"), ("/admin/groups", "service_engineer")])
def test_refused_office_or_group_keeps_what_was_typed(admin: Client, page: str, taken: str) -> None:
    admin.get(page)
    assert admin.send(page, id=taken, name="衡阳乙", name_en="Hengyang B").status_code == 409
    assert re.search(r'id="id" name="id"[^>]* value="' + taken, admin.page)
    assert re.search(r'id="name" name="name"[^>]* value="衡阳乙"', admin.page)
    assert re.search(r'id="name_en" name="name_en"[^>]* value="Hengyang B"', admin.page)
    admin.get(page)
    assert admin.send(f"{page}/{taken}", name="衡阳丙", name_en="x" * 200).status_code == 400
    assert re.search(rf'id="name-{taken}" name="name"[^>]* value="衡阳丙"', admin.page)
    assert "衡阳乙" not in admin.page


def test_range_of_days_is_set_at_once_and_drawn_in_the_year(admin: Client) -> None:
    admin.get("/admin/calendar")
    admin.send("/admin/calendar", day="2026-07-06", until="2026-07-10", is_working="no", name="高温假")
    assert admin.send("/admin/calendar").status_code == 302
    admin.get("/admin/calendar?year=2026")
    assert admin.page.count('title="高温假"') == 5
    admin.get("/admin/changes")
    assert "free · 高温假" in admin.page


def test_hours_that_overlap_are_refused(admin: Client) -> None:
    admin.get("/admin/calendar")
    answer = admin.send("/admin/calendar/hours", begin0="08:00", end0="12:00", begin1="11:00", end1="17:00")
    assert answer.status_code == 400
    assert 'name="begin1" value="11:00"' in admin.page  # what was typed is still there to correct
    assert admin.send("/admin/calendar/hours", begin0="soon", end0="12:00").status_code == 400
    admin.send("/admin/calendar/hours", begin0="08:00", end0="16:00")
    assert admin.send("/admin/calendar/hours").status_code == 302
    assert "08:00–16:00" in admin.get("/admin/calendar").get_data(as_text=True)


# ------------------------------------------------------------------ jobs and mail
def test_failed_letter_is_sent_again(admin: Client, company: ProcessEngine) -> None:
    company.settings = Settings(database_url=company.settings.database_url, smtp_url="smtp://127.0.0.1:1")
    with company.transaction(SYSTEM) as uow:
        letter = job_rows.send_mail(uow, "manager@fuwuflow.example", "投诉逾期", "请处理", None)
    for _ in range(5):
        jobs.run_all(company)
        company.clock.move(minutes=30)  # type: ignore[attr-defined]  # the tests' clock
    admin.get("/admin/mail?state=failed")
    assert "投诉逾期" in admin.page
    assert admin.send(f"/admin/mail/{letter}/again").status_code == 302
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(incident.c.resolved_by)) == "admin"
    admin.get("/admin/mail?state=failed")
    assert "投诉逾期" not in admin.page
    admin.get("/admin/mail?state=waiting&search=投诉")
    assert "投诉逾期" in admin.page
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(sa.func.count()).select_from(mail)) == 1


def test_jobs_page_shows_what_fires_next_with_case_and_element(app: Flask, admin: Client, company: ProcessEngine) -> None:
    begin(app)
    jobs.run_all(company)
    assert admin.get("/admin/jobs").status_code == 200
    assert "monthly" in admin.page or "定时器" in admin.page or "发起工单" in admin.page
    for view in ("due", "running", "failing", "failed", "nonsense"):
        assert admin.get(f"/admin/jobs?view={view}&day=x&after=y").status_code == 200


def test_older_incidents_are_on_pages_of_their_own(admin: Client, company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        for number in range(incidents.SHOWN + 3):
            job_rows.add_incident(uow, "failedJob", f"refused no. {number:03d}")
    told = re.findall(r"refused no\. (\d+)", admin.get("/admin/incidents").get_data(as_text=True))
    assert len(told) == incidents.SHOWN
    older = re.search(r'href="(/admin/incidents\?[^"]*after=[^"]*)"', admin.page)
    assert older
    rest = re.findall(r"refused no\. (\d+)", admin.get(unescape(older[1])).get_data(as_text=True))
    assert sorted(told + rest) == [f"{number:03d}" for number in range(incidents.SHOWN + 3)]
    assert 'class="btn" href="/admin/incidents?' not in admin.page
