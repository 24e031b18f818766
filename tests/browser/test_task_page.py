"""A task by clicks: its draft, photos, comments, handing over, what was entered before, keys, and being overtaken."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Locator, expect

from engine import identity, substitutions, tasks
from engine.tables import comment, document, draft, history_event, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import apart
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database import acting
from tests.database.acting import Case

LEAD, ENGINEER, COLLEAGUE = "lead.changsha", "engineer.changsha", "engineer2.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
VISIT = {"confirmed_fault": "电源灯亮，屏幕不亮", "agreed_visit_at": "2026-03-02 14:00"}
STEP = "确认故障、约定上门时间"
DESK = 1440
NIGHT = timedelta(hours=13)  # longer than a session rests
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def case(company: ProcessEngine) -> Case:
    """A repair that the lead gave to the engineer, with a note; it comes before the browser does."""
    found = acting.start(company, LEAD, "in_warranty", **REPORT)
    return found.do(LEAD, "assign_visit", engineer=ENGINEER, assignment_note="先打电话，带备板")


# ------------------------------------------------------------------ drafts
def test_draft_is_saved_while_typing_and_offered_on_another_device_or_thrown_away(
        person: People, company: ProcessEngine) -> None:
    phone = person(ENGINEER)
    phone.open(STEP)
    phone.fill(confirmed_fault="电源灯亮，屏幕不亮")
    expect(phone.page.locator(".draft-line")).to_contain_text("草稿已保存 09:00")
    phone.go("/inbox")
    desk = person(ENGINEER, width=DESK)
    desk.open(STEP)
    expect(desk.page.locator(".draft-line")).to_contain_text("已接着 09:00 的草稿")
    expect(field(desk, "confirmed_fault")).to_have_value("电源灯亮，屏幕不亮")
    must_be_accessible(desk)
    desk.page.get_by_role("button", name="重新填写").click()
    expect(desk.page.locator(".draft-line")).to_have_count(1)
    expect(desk.page.locator(".draft-line")).to_be_empty()
    expect(field(desk, "confirmed_fault")).to_have_value("")
    desk.answer("是", **VISIT)
    desk.sees("准备备件")
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(draft)) == []


# ------------------------------------------------------------------ photos and comments
def test_photo_is_shown_and_a_renamed_program_is_refused_by_its_name(
        person: People, company: ProcessEngine, tmp_path: Path) -> None:
    photo, program = tmp_path / "现场.jpg", tmp_path / "维修说明.jpg"
    Image.new("RGB", (800, 600), "navy").save(photo)
    program.write_bytes(b"MZ\x90\x00" + bytes(2_000))
    engineer = person(ENGINEER)
    engineer.open(STEP)
    engineer.page.locator("#upload-file").set_input_files([photo, program])
    told = engineer.page.locator("[data-uploads] li")
    expect(told.nth(0)).to_have_text("现场.jpg 已上传")
    expect(told.nth(1)).to_contain_text("“维修说明.jpg”的内容是Windows 程序，没有保存")
    shown = engineer.page.locator(".documents img")
    expect(shown).to_have_attribute("alt", "现场.jpg")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("picture => picture.naturalWidth") > 0
    must_be_accessible(engineer)
    with company.reading(SYSTEM) as uow:
        assert [row.name for row in uow.rows(sa.select(document))] == ["现场.jpg"]
    assert engineer.script_errors == []


def test_mention_is_picked_by_keyboard_and_leads_the_colleague_to_the_task(person: People, company: ProcessEngine) -> None:
    engineer = person(ENGINEER, width=DESK)
    engineer.open(STEP)
    engineer.page.keyboard.press("m")
    text = engineer.page.get_by_label("您的留言")
    expect(text).to_be_focused()
    engineer.page.keyboard.type("请核对备板库存 @服务部")
    choice = engineer.page.get_by_role("listbox", name="提到谁").get_by_role("option", name=re.compile(LEAD))
    expect(choice).to_be_visible()
    while choice.get_attribute("aria-selected") != "true":
        engineer.page.keyboard.press("ArrowDown")
    engineer.page.keyboard.press("Enter")
    expect(text).to_have_value(f"请核对备板库存 @{LEAD} ")
    engineer.page.keyboard.press("Control+Enter")
    expect(engineer.page.locator(".comments .mention")).to_have_text("@长沙服务部负责人")

    lead = person(LEAD)
    expect(lead.page.locator(".bell-count")).to_have_text("1")
    lead.page.locator(".bell summary").click()
    lead.page.locator(".bell .is-unseen").click()
    lead.sees(STEP)
    expect(lead.page.locator(".comments .mention-me")).to_have_text("@长沙服务部负责人")
    expect(lead.page.locator(".bell-count")).to_have_count(0)
    with company.reading(SYSTEM) as uow:
        assert [row.text for row in uow.rows(sa.select(comment))] == [f"请核对备板库存 @{LEAD}"]


# ------------------------------------------------------------------ handing over
def test_task_is_delegated_with_a_reason_and_given_back(person: People, company: ProcessEngine, case: Case) -> None:
    engineer, colleague = person(ENGINEER), person(COLLEAGUE)
    engineer.open(STEP)
    hand_over(engineer, "请别人代办", "请其代办", who=COLLEAGUE, reason="去了乡下")
    expect(engineer.page.locator(".task-facts")).to_contain_text("由 长沙工程师二 办理")
    colleague.open(STEP)
    expect(colleague.page.locator(".why")).to_contain_text("长沙工程师请您代办（09:00），原因：去了乡下")
    hand_over(colleague, "退还给长沙工程师", "退还给长沙工程师", reason="顾客只认得您")
    engineer.go("/inbox")
    expect(engineer.page.locator(".bell-count")).to_have_text("1")  # what led here before was seen with the task
    engineer.open(STEP)
    expect(engineer.page.locator(".task-facts")).to_contain_text("由您办理")
    expect(engineer.page.locator(".bell-count")).to_have_count(0)
    with company.reading(SYSTEM) as uow:
        found = uow.rows(sa.select(history_event.c.command).where(
            history_event.c.instance_id == case.id, history_event.c.element == "confirm_fault").order_by(history_event.c.seq))
    assert [row.command for row in found] == ["delegate", "give_back"]


def test_lead_assigns_by_the_load_beside_the_names(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD, width=DESK, language="en")
    lead.go(f"/tasks/{case.task('confirm_fault').id}")
    lead.page.get_by_text("Assign to …").click()
    choice = lead.page.locator("#assignee")
    expect(choice.locator("option", has_text="Changsha engineer 2")).to_have_text("Changsha engineer 2 — 0 open")
    expect(lead.page.locator("#delegate-to option").first).to_have_text("Choose …")
    choice.select_option(COLLEAGUE)
    lead.page.locator("#reason-assign").fill("Nearer to the customer")
    lead.page.get_by_role("button", name="Assign", exact=True).click()
    expect(lead.page.locator(".task-facts")).to_contain_text("assigned to Changsha engineer 2")
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(task.c.assignee).where(task.c.state == "open")) == COLLEAGUE
    lead.page.get_by_text("Assign to …").click()
    expect(lead.page.locator("#assignee option", has_text="Changsha engineer 2")).to_have_count(0)
    must_be_accessible(lead)


# ------------------------------------------------------------------ what was entered before, keys
def test_what_was_entered_before_stands_beside_the_form(person: People) -> None:
    desk, phone = person(ENGINEER, width=DESK), person(ENGINEER)
    for someone in (desk, phone):
        someone.open(STEP)
    before = desk.page.locator(".earlier")
    expect(before.get_by_text("先打电话，带备板")).to_be_visible()
    form, entered = (desk.page.locator(place).bounding_box() for place in ("[data-form-host]", ".earlier"))
    assert form
    assert entered
    assert entered["x"] >= form["x"] + form["width"]
    expect(phone.page.locator(".earlier").get_by_text("先打电话，带备板")).to_be_hidden()  # on a phone it is one touch away
    phone.page.locator(".earlier summary").first.click()
    expect(phone.page.locator(".earlier").get_by_text("先打电话，带备板")).to_be_visible()


def test_earlier_round_of_the_step_stands_first(person: People, case: Case) -> None:
    apart(refuse_once, case)
    engineer = person(ENGINEER, width=DESK)
    engineer.open(STEP)
    rounds = engineer.page.locator(".earlier .entered > summary")
    expect(rounds.nth(0)).to_contain_text(f"{STEP} 上一轮")
    expect(rounds.nth(0)).to_contain_text("长沙工程师")
    expect(rounds.nth(1)).to_contain_text("审批响应时限特例")
    expect(engineer.page.locator(".earlier .entered").first.get_by_text("电源灯亮，屏幕不亮")).to_be_visible()
    expect(engineer.page.locator(".earlier .tag")).to_have_count(1)


@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (390, "en"), (1440, "zh"), (1440, "en")])
def test_substitute_reads_for_whom_in_the_list_and_on_the_task(
        person: People, company: ProcessEngine, case: Case, width: int, language: str) -> None:
    apart(absent, company)
    colleague = person(COLLEAGUE, width=width, language=language)
    colleague.go("/inbox")
    row = colleague.page.locator("#rows tr[data-id]")
    expect(row.locator(".tag")).to_have_text({"zh": "代长沙工程师", "en": "for Changsha engineer"}[language])
    must_be_accessible(colleague)
    row.locator(".row-link").click()
    colleague.sees({"zh": STEP, "en": "Confirm fault, agree time of visit"}[language])
    expect(colleague.page.locator(".why")).to_have_text(
        {"zh": "您代理长沙工程师。", "en": "You stand in for Changsha engineer."}[language])
    must_be_accessible(colleague)
    colleague.answer({"zh": "是", "en": "Yes"}[language], **VISIT)
    assert case.offered == ["prepare_parts"]


def test_task_is_completed_by_keyboard_and_the_next_one_is_at_hand(person: People) -> None:
    engineer = person(ENGINEER, width=DESK)
    engineer.open(STEP)
    engineer.fill(**VISIT)
    engineer.page.keyboard.press("Control+Enter")
    expect(engineer.page.locator("button.answer").first).to_be_focused()
    engineer.page.keyboard.press("Enter")
    engineer.sees("准备备件")
    expect(engineer.page.locator(".notice-success")).to_contain_text(f"已完成：{STEP}")
    engineer.page.locator("h1.question").click()
    engineer.page.keyboard.press("?")
    expect(engineer.page.get_by_role("dialog", name="键盘快捷键")).to_contain_text("下一项任务")
    engineer.page.keyboard.press("Escape")
    engineer.page.keyboard.press("b")
    expect(engineer.page).to_have_url(re.compile(r"/inbox"))
    assert engineer.script_errors == []


def test_back_button_after_completing_says_so_and_completes_nothing_twice(
        person: People, company: ProcessEngine, case: Case) -> None:
    engineer = person(ENGINEER)
    engineer.open(STEP)
    engineer.answer("是", **VISIT)
    engineer.sees("准备备件")
    engineer.page.go_back()
    expect(engineer.page.locator("main")).to_contain_text("长沙工程师 已于 2026-03-02 09:00 完成")
    expect(engineer.page.locator("#complete")).to_have_count(0)
    engineer.page.locator("[data-next]").click()
    engineer.sees("准备备件")
    assert case.offered == ["prepare_parts"]


# ------------------------------------------------------------------ refused or overtaken
def test_slower_of_two_reads_who_and_when_finds_every_word_and_goes_on(
        person: People, company: ProcessEngine, clock: Clock, case: Case) -> None:
    other = apart(another, company)
    apart(release, company, case)
    engineer, colleague = person(ENGINEER), person(COLLEAGUE)
    engineer.open(STEP, view="groups")
    colleague.open(STEP, view="groups")
    engineer.fill(**VISIT)
    clock.move(minutes=6)
    colleague.answer("是", **VISIT)
    engineer.page.locator("button.answer").first.click()
    alert = engineer.page.get_by_role("alert").first
    expect(alert).to_contain_text("长沙工程师二 已于 2026-03-02 09:06 完成了这项任务")
    kept = engineer.page.locator("#typed-words")
    expect(kept).to_contain_text(VISIT["confirmed_fault"])
    expect(kept).to_contain_text("2026-03-02")
    must_be_accessible(engineer)
    onward = engineer.page.locator("[data-next]").first
    expect(onward).to_be_visible()
    onward.click()
    expect(engineer.page.locator("#complete")).to_be_visible()
    assert other.offered == ["confirm_fault"]


def test_words_typed_after_the_session_ended_are_sent_after_signing_in(
        person: People, clock: Clock, case: Case) -> None:
    engineer = person(ENGINEER, language="en")
    engineer.go(f"/tasks/{case.task('confirm_fault').id}")
    clock.move(seconds=NIGHT.total_seconds())
    engineer.fill(confirmed_fault="Lamp on, no picture", agreed_visit_at="2026-03-03 10:00")
    expect(engineer.page.locator(".draft-line")).to_contain_text("Your session has ended: the words are kept in this browser")
    engineer.page.wait_for_function(  # the date has been taken: form-js does so a moment after it is left
        """() => Object.values(sessionStorage).some((kept) => /"agreed_visit_at":"2026/.test(kept))""")
    field(engineer, "confirmed_fault").evaluate("""field => {  // the last word, and the answer at once
        field.value = 'Lamp on, no picture, a hum';
        field.dispatchEvent(new Event('input', { bubbles: true }));
        document.querySelector('button.answer').click();
    }""")
    expect(engineer.page.get_by_role("alert").first).to_be_visible()
    engineer.give_password()
    expect(field(engineer, "confirmed_fault")).to_have_value("Lamp on, no picture, a hum")
    engineer.answer("Yes")
    assert case.offered == ["prepare_parts"]


def refuse_once(case: Case) -> None:
    """The engineer cannot come in time and asks the manager, who refuses: the step begins again."""
    case.do(ENGINEER, "confirm_fault", confirmed_fault="电源灯亮，屏幕不亮", agreed_visit_at="2026-03-09T14:00+08:00",
            visit_in_time="no", exception_request="路断了")
    case.do("manager", "grant_exception", exception_granted="no", exception_reason="绕行可到")


def absent(company: ProcessEngine) -> None:
    """The engineer is away for two days; the colleague stands in."""
    with company.reading(SYSTEM) as uow:
        who, now = identity.actor(uow, ENGINEER), uow.now
    with company.transaction(who) as uow:
        substitutions.enter(uow, ENGINEER, substitute=COLLEAGUE, from_at=now, until_at=now + timedelta(days=2), reason="培训")


def another(company: ProcessEngine) -> Case:
    """A second repair of the engineer."""
    found = acting.start(company, LEAD, "in_warranty", **(REPORT | {"customer": "湘潭大学图书馆"}))
    return found.do(LEAD, "assign_visit", engineer=ENGINEER)


def release(company: ProcessEngine, case: Case) -> None:
    """The engineer leaves the task to all engineers of the office."""
    with company.reading(SYSTEM) as uow:
        who = identity.actor(uow, ENGINEER)
    with company.transaction(who) as uow:
        tasks.release(uow, case.task("confirm_fault").id)


def hand_over(someone: Person, opener: str, button: str, *, who: str = "", reason: str) -> None:
    """Open one way of handing over, fill it in and send it."""
    way = someone.page.locator("details.hand").filter(has=someone.page.get_by_role("button", name=button, exact=True,
                                                                                   include_hidden=True))
    way.locator("summary", has_text=opener).click()
    if who:
        way.locator("select").select_option(who)
    way.locator("[name=reason]").fill(reason)
    way.get_by_role("button", name=button, exact=True).click()


def field(someone: Person, key: str) -> Locator:
    """The input of a form's field."""
    return someone.page.locator(f'[data-form-host] [id$="-field_{key}"]')
