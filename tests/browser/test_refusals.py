"""What goes wrong between a person and the server is said plainly: nothing is lost, nothing doubled, no traceback is shown."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Route, expect

from engine.tables import history_event, process_instance
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser import outcome
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database import acting
from tests.database.acting import Case

LEAD = "lead.changsha"
REPORT = {"report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
          "contact": "设备科", "phone": "0731", "region": "same_city", "reported_fault": "无显示"}
RECEIVED = {"received_by": "电话", "customer": "长沙市五一路储蓄所", "complaint_text": "约好上门没有来"}
NIGHT = 13  # hours: longer than a session rests
Arrive = Callable[..., Person]


@pytest.fixture(autouse=True)
def no_failure(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a person does here, the server meets no error of its own."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelname == "ERROR"] == []


def test_wrong_value_is_named_at_its_field_by_the_page_and_by_the_server(person: Arrive, company: ProcessEngine) -> None:
    lead = person(LEAD)
    lead.go("/start/complaint")
    lead.fill(customer="长沙市五一路储蓄所", complaint_text="约好上门没有来")
    start(lead)
    expect(lead.page.locator("[data-form-says]")).to_have_text("有些内容需要更正，请看标出的各项。")
    assert cases(company) == 0
    send_instead(lead.page, "**/start/complaint", received_by="pigeon")
    lead.fill(received_by="电话")
    start(lead)
    expect(lead.page.get_by_role("alert").first).to_contain_text("“pigeon”不在可选项中")
    expect(lead.page.locator("[data-form-host] textarea").first).to_have_value("约好上门没有来")
    says_plainly(lead.page)
    assert cases(company) == 0
    lead.page.unroute("**/start/complaint")
    lead.fill(received_by="电话")
    start(lead)
    lead.sees("判断是否为客户投诉")
    assert cases(company) == 1


def test_slower_of_two_is_told_who_was_quicker_and_keeps_the_words(person: Arrive, company: ProcessEngine) -> None:
    case = outcome.apart(penalty_is_open, company)
    lead, manager = person(LEAD, width=1440), person("manager")
    for someone in (lead, manager):
        someone.open("对责任人进行处罚", view="groups")
    lead.fill(penalty="扣发当月奖金")
    manager.complete(penalty="通报批评")
    lead.page.get_by_role("button", name="完成", exact=True).click()
    expect(lead.page.get_by_role("alert")).to_contain_text("完成了这项任务")
    expect(lead.page.locator("main")).to_contain_text("扣发当月奖金")
    says_plainly(lead.page)
    assert times_completed(company, case.id, "penalise") == 1
    lead.open("通报顾客", view="groups")
    outcome.must_be_proven(company)


def test_second_submit_does_nothing_a_second_time(person: Arrive, company: ProcessEngine) -> None:
    lead = person(LEAD)
    lead.go("/start/complaint")
    lead.fill(**RECEIVED)
    sent = requests_of(lead.page, "/start/complaint")
    lead.page.get_by_role("button", name="发起", exact=True).dblclick()
    lead.sees("判断是否为客户投诉")
    assert cases(company) == 1
    again(lead, sent[0])
    assert cases(company) == 1

    sent = requests_of(lead.page, "/complete")
    closed = lead.page.url.split("?")[0]
    lead.page.locator("button.answer").first.dblclick()
    lead.sees("受理投诉")
    again(lead, sent[0])
    lead.page.go_back()
    lead.page.goto(closed)
    expect(lead.page.locator("main")).to_contain_text("长沙服务部负责人 已于 2026-03-02 09:00 完成")
    expect(lead.page.locator("#complete")).to_have_count(0)
    assert times_completed(company, outcome.only_case(company, "complaint").id, "judge_complaint") == 1
    outcome.must_be_proven(company)


def test_words_typed_into_a_form_outlive_the_session(person: Arrive, company: ProcessEngine, clock: Clock) -> None:
    lead = person(LEAD)
    lead.go("/start/complaint")
    lead.fill(**RECEIVED)
    clock.move(hours=NIGHT)
    start(lead)
    come_back(lead)
    expect(lead.page.locator("[data-form-host] textarea").first).to_have_value("约好上门没有来")
    start(lead)
    lead.sees("判断是否为客户投诉")
    assert cases(company) == 1

    lead.fill(judge_reason="服务失约")
    clock.move(hours=NIGHT)
    lead.page.locator("button.answer").first.click()
    come_back(lead)
    expect(lead.page.locator("[data-form-host] textarea").first).to_have_value("服务失约")
    lead.answer("是")
    lead.sees("受理投诉")
    outcome.must_be_proven(company)


def test_upload_of_60_megabytes_is_refused_with_its_limit(person: Arrive, company: ProcessEngine, tmp_path: Path) -> None:
    admin = person("admin", width=1440)
    large = tmp_path / "large.bpmn"
    with large.open("wb") as file:
        file.truncate(60_000_000)
    admin.go("/admin/deploy")
    admin.choose_large_file("#files", large)
    with company.reading(SYSTEM) as uow:
        before = uow.scalar(sa.select(sa.func.count()).select_from(process_instance))
    admin.page.get_by_role("button", name="建立草稿").click()
    expect(admin.page.locator("h1")).to_contain_text("上传的内容太大，服务器没有接收。上限为", timeout=30_000)
    says_plainly(admin.page)
    assert cases(company) == before


def test_what_is_another_offices_or_not_there_is_said_in_one_sentence(person: Arrive, company: ProcessEngine) -> None:
    case = outcome.apart(lambda: acting.start(company, LEAD, "in_warranty", **REPORT))
    stranger = person("lead.yueyang")
    task_id = case.task("assign_visit").id
    for path, words in (
            (f"/cases/{case.id}", "此工单属于长沙办事处"), (f"/tasks/{task_id}", "此工单不属于您的办事处。"),
            ("/cases/none", "找不到这项内容。"), ("/no-such-page", "没有这个页面。"),
            ("/admin/deploy", "此页面仅供管理员使用。")):
        stranger.go(path)
        expect(stranger.page.locator("h1")).to_contain_text(words)
        says_plainly(stranger.page)
    stranger.page.get_by_role("link", name="回到待办").click()
    expect(stranger.page).to_have_url(f"{stranger.address}/inbox")


# ------------------------------------------------------------------ what people do
def start(someone: Person) -> None:
    """Press the button that starts a case."""
    someone.page.get_by_role("button", name="发起", exact=True).click()


def come_back(someone: Person) -> None:
    """Sign in again where the session has ended, and be back at what was typed."""
    expect(someone.page.get_by_role("alert")).to_contain_text("登录已过期")
    someone.give_password()
    expect(someone.page.get_by_role("status").first).to_contain_text("恢复")


def again(someone: Person, sent: tuple[str, str]) -> None:
    """Send the very same request once more, as a browser does that is told to."""
    address, body = sent
    reply = someone.page.request.post(address, data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.ok


def requests_of(page: Page, ending: str) -> list[tuple[str, str]]:
    """Address and body of the posts to come whose path ends so."""
    seen: list[tuple[str, str]] = []
    page.on("request", lambda request: seen.append((request.url, request.post_data or ""))
            if request.method == "POST" and request.url.endswith(ending) else None)
    return seen


def send_instead(page: Page, address: str, **values: str) -> None:
    """From here on the page's form arrives with other values, as from a page that is out of date."""
    def changed(route: Route) -> None:
        fields = {name: found[0] for name, found in parse_qs(route.request.post_data or "").items()}
        fields["values"] = json.dumps(json.loads(fields["values"]) | values)
        route.continue_(post_data=urlencode(fields))
    page.route(address, changed)


def says_plainly(page: Page) -> None:
    """Nothing of the program's inside is on the page."""
    expect(page.locator("body")).not_to_contain_text("Traceback")
    expect(page.locator("body")).not_to_contain_text("Error")


# ------------------------------------------------------------------ what is left of it
def cases(company: ProcessEngine) -> int:
    """How many cases there are."""
    with company.reading(SYSTEM) as uow:
        return int(uow.scalar(sa.select(sa.func.count()).select_from(process_instance)) or 0)


def times_completed(company: ProcessEngine, case_id: str, element: str) -> int:
    """How often the record says that a task was completed."""
    with company.reading(SYSTEM) as uow:
        return len(uow.rows(sa.select(history_event.c.seq).where(
            history_event.c.instance_id == case_id, history_event.c.element == element, history_event.c.command == "complete")))


def penalty_is_open(company: ProcessEngine) -> Case:
    """A complaint whose penalty the lead or the manager may decide."""
    case = acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="长沙市五一路储蓄所",
                        complaint_text="约好上门没有来")
    case.do(LEAD, "judge_complaint", is_complaint="yes").do(LEAD, "accept_complaint", severity="ordinary", severity_reason="轻微")
    case.do(LEAD, "find_cause", cause="工程师失约", human_factor="yes", is_quality_problem="no")
    case.do(LEAD, "learn_details", details="两次未到", complained_about="engineer.changsha")
    case.do(LEAD, "agree_remedy", remedy="致歉", remedy_agreed_by="设备科")
    return case.do(LEAD, "carry_out_remedy", remedy_result="已致歉")
