"""A task page under strain: what is not as it should be is refused or shown as text, and scripts that come late or never."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Route, expect

from engine.tables import comment, document, draft
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import apart
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database import acting
from tests.database.acting import Case

LEAD, ENGINEER = "lead.changsha", "engineer.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
VISIT = {"confirmed_fault": "电源灯亮，屏幕不亮", "agreed_visit_at": "2026-03-02 14:00"}
STEP = "确认故障、约定上门时间"
DESK = 1440
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def case(company: ProcessEngine) -> Case:
    """A repair that the lead gave to the engineer; it comes before the browser does."""
    return acting.start(company, LEAD, "in_warranty", **REPORT).do(LEAD, "assign_visit", engineer=ENGINEER)


# ------------------------------------------------------------------ bad input
def test_emoji_html_and_path_in_a_name_are_text(person: People, company: ProcessEngine, tmp_path: Path) -> None:
    odd = "<script>document.title='x'</script><b>粗</b> 😀 ../../etc/passwd"
    engineer = person(ENGINEER, width=DESK)
    engineer.open(STEP)
    photo = tmp_path / "照片.jpg"
    Image.new("RGB", (80, 60), "navy").save(photo)
    name = "../../<img src=x onerror=alert(1)>😀.jpg"
    engineer.page.locator("#upload-file").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": photo.read_bytes()})
    expect(engineer.page.locator(".documents img")).to_have_count(1)
    with company.reading(SYSTEM) as uow:
        kept = uow.scalar(sa.select(document.c.name))
    assert "/" not in kept
    assert "😀" in kept
    engineer.page.get_by_label("您的留言").fill(odd)
    engineer.page.get_by_role("button", name="留言", exact=True).click()
    expect(engineer.page.locator(".comments")).to_contain_text(odd)
    engineer.answer("是", confirmed_fault=odd, agreed_visit_at="2026-03-02 14:00")
    engineer.sees("准备备件")
    expect(engineer.page.locator(".earlier").get_by_text(odd)).to_be_visible()
    expect(engineer.page.locator("main script:not([type]), main b, main img[src=x]")).to_have_count(0)
    assert engineer.script_errors == []


def test_photo_of_30_megabytes_is_refused_naming_file_and_limit(
        person: People, company: ProcessEngine, tmp_path: Path) -> None:
    photo = tmp_path / "现场.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(30_000_000))
    engineer = person(ENGINEER)
    engineer.open(STEP)
    engineer.choose_large_file("#upload-file", photo)
    told = engineer.page.locator("[data-uploads] li")
    expect(told).to_contain_text("现场.jpg", timeout=30_000)
    expect(told).to_contain_text("20 MB", timeout=30_000)
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(document)) == []


def test_page_of_a_refused_answer_shows_new_photos_and_can_be_opened_again(
        person: People, tmp_path: Path, case: Case) -> None:
    photo = tmp_path / "照片.jpg"
    Image.new("RGB", (80, 60), "navy").save(photo)
    engineer = person(ENGINEER)
    engineer.open(STEP)
    engineer.page.locator("#complete").evaluate("form => { form.elements.values.value = '{}'; form.submit(); }")
    expect(engineer.page).to_have_url(re.compile(r"/complete$"))
    engineer.page.locator("#upload-file").set_input_files(photo)
    expect(engineer.page.locator(".documents img")).to_have_count(1)
    engineer.page.goto(engineer.page.url)
    engineer.sees(STEP)
    assert case.offered == ["confirm_fault"]


def test_task_is_not_completed_over_a_photo_that_is_still_on_its_way(
        person: People, company: ProcessEngine, tmp_path: Path, case: Case) -> None:
    photo = tmp_path / "照片.jpg"
    Image.new("RGB", (80, 60), "navy").save(photo)
    engineer = person(ENGINEER)
    engineer.open(STEP)
    engineer.fill(**VISIT)
    held: list[Route] = []
    engineer.page.route("**/documents", lambda route: held.append(route))  # noqa: PLW0108  # Playwright sets a mark on it
    engineer.page.locator("#upload-file").set_input_files(photo)
    patiently(engineer, lambda: len(held) == 1)
    engineer.page.locator("button.answer").first.click()
    told = engineer.page.locator("#complete [data-network]")
    expect(told).to_contain_text("还在上传")
    assert case.offered == ["confirm_fault"]
    held[0].continue_()
    expect(told).to_have_count(0)
    engineer.answer("是")
    assert case.offered == ["prepare_parts"]
    with company.reading(SYSTEM) as uow:
        assert [row.name for row in uow.rows(sa.select(document))] == ["照片.jpg"]


def test_overlong_comment_and_past_due_date_are_refused_with_their_words_kept(
        person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD, width=DESK)
    lead.go(f"/tasks/{case.task('confirm_fault').id}")
    lead.page.locator("details.hand", has=lead.page.locator("#due-at")).locator("summary").click()
    lead.page.locator("#due-at").fill("2020-01-01T08:00")
    lead.page.locator("#reason-due").fill("顾客改期")
    lead.page.get_by_role("button", name="更改期限", exact=True).click()
    expect(lead.page.get_by_role("alert").first).to_be_visible()
    expect(lead.page.locator("#reason-due")).to_have_value("顾客改期")
    expect(lead.page.locator("#due-at")).to_be_visible()
    text = lead.page.get_by_label("您的留言")
    text.evaluate("(field) => { field.removeAttribute('maxlength'); field.value = '长'.repeat(10001); }")
    lead.page.get_by_role("button", name="留言", exact=True).click()
    expect(lead.page.get_by_role("alert").first).to_be_visible()
    assert len(lead.page.get_by_label("您的留言").input_value()) == 10_001
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(comment)) == []


# ------------------------------------------------------------------ a slow network
def test_buttons_wait_for_the_form_and_a_form_that_does_not_arrive_is_said(person: People, case: Case) -> None:
    engineer = person(ENGINEER)
    engineer.page.route(re.compile(r"/assets/form-[\w-]+\.js"), lambda route: route.abort())
    engineer.go(f"/tasks/{case.task('confirm_fault').id}")
    expect(engineer.page.locator("[data-form-host]")).to_contain_text("表单没有载入")
    expect(engineer.page.locator("button.answer").first).to_be_disabled()
    engineer.page.keyboard.press("Control+Enter")
    engineer.page.unroute_all()
    engineer.page.reload()
    engineer.answer("是", **VISIT)
    engineer.sees("准备备件")


def test_diagram_viewer_is_fetched_once_the_diagram_comes_into_sight(person: People, case: Case) -> None:
    engineer = person(ENGINEER)
    asked: list[str] = []
    engineer.page.on("request", lambda request: asked.append(request.url))
    engineer.go(f"/tasks/{case.task('confirm_fault').id}")
    engineer.fill(confirmed_fault="电源灯亮")
    assert not [url for url in asked if re.search(r"/assets/diagram-[\w-]+\.js", url)]
    engineer.page.locator("[data-diagram]").scroll_into_view_if_needed()
    expect(engineer.page.locator(".diagram-badge-here")).to_have_text("您在这里")
    assert [url for url in asked if re.search(r"/assets/diagram-[\w-]+\.js", url)]


def test_words_typed_while_a_slow_draft_is_on_its_way_are_no_draft_from_elsewhere(
        person: People, company: ProcessEngine, case: Case) -> None:
    engineer = person(ENGINEER)
    held: list[Route] = []
    engineer.page.route(re.compile(r"/drafts"), lambda route: (
        held.append(route) if route.request.method == "PUT" and not held else route.continue_()))
    engineer.go(f"/tasks/{case.task('confirm_fault').id}")
    engineer.fill(confirmed_fault="电源灯亮")
    patiently(engineer, lambda: bool(held))
    engineer.fill(confirmed_fault="电源灯亮，屏幕不亮")
    engineer.page.wait_for_timeout(1_200)  # longer than the page waits before it saves what was typed
    held[0].continue_()
    expect(engineer.page.locator(".draft-line")).to_have_text("草稿已保存 09:00")
    patiently(engineer, lambda: "屏幕不亮" in kept_entries(company))
    expect(engineer.page.locator(".draft-line")).to_have_text("草稿已保存 09:00")


def test_draft_whose_answer_was_lost_is_known_as_ones_own(person: People, company: ProcessEngine, case: Case) -> None:
    engineer = person(ENGINEER)
    lost: list[Route] = []

    def lose(route: Route) -> None:
        if route.request.method != "PUT" or lost:
            return route.continue_()
        lost.append(route)
        route.fetch()  # the server has it, the phone never hears
        return route.abort()

    engineer.page.route(re.compile(r"/drafts"), lose)
    engineer.go(f"/tasks/{case.task('confirm_fault').id}")
    engineer.fill(confirmed_fault="电源灯亮")
    expect(engineer.page.locator(".draft-line")).to_contain_text("恢复连接后自动保存")
    engineer.fill(confirmed_fault="电源灯亮，屏幕不亮")
    expect(engineer.page.locator(".draft-line")).to_have_text("草稿已保存 09:00")
    assert "屏幕不亮" in kept_entries(company)


def test_task_sent_without_network_stays_as_it_is_and_is_completed_when_the_network_is_back(
        person: People, case: Case) -> None:
    engineer = person(ENGINEER)
    engineer.open(STEP)
    engineer.fill(**VISIT)
    engineer.page.context.set_offline(True)
    engineer.page.locator("button.answer").first.click()
    told = engineer.page.locator("[data-network]")
    expect(told).to_contain_text("没有网络，还没有提交")
    expect(engineer.page.locator("textarea[id$=field_confirmed_fault]")).to_have_value(VISIT["confirmed_fault"])
    must_be_accessible(engineer)
    engineer.page.context.set_offline(False)
    expect(told).to_have_count(0)
    engineer.answer("是")
    assert case.offered == ["prepare_parts"]


def test_answer_on_a_slow_network_is_said_to_be_on_its_way_and_can_be_sent_again_without_being_done_twice(
        person: People, case: Case) -> None:
    engineer = person(ENGINEER)
    engineer.page.clock.install()
    engineer.open(STEP)
    engineer.fill(**VISIT)
    held: list[Route] = []
    engineer.page.route("**/complete", lambda route: route.continue_() if held else held.append(route))
    engineer.page.locator("#complete").evaluate("""form => {  // the page does this by itself: Playwright waits for the answer
        new MutationObserver(() => {
            const told = form.querySelector('[data-network]')?.textContent ?? '';
            sessionStorage.setItem('seen', (sessionStorage.getItem('seen') ?? '') + told);
        }).observe(form, { childList: true });
        setTimeout(() => form.querySelector('button.answer').click(), 25_000);
    }""")
    engineer.page.locator("button.answer").first.click(no_wait_after=True)
    engineer.page.clock.run_for(2_000)
    patiently(engineer, lambda: len(held) == 1)
    engineer.page.clock.run_for(30_000)
    engineer.sees("准备备件")
    seen = engineer.page.evaluate("sessionStorage.getItem('seen')")
    assert seen.startswith("正在提交……还没有应答。可以再按一次")
    assert case.offered == ["prepare_parts"]


def test_comment_sent_into_a_dead_network_or_an_ended_session_is_not_lost(
        person: People, company: ProcessEngine, case: Case, clock: Clock) -> None:
    engineer = person(ENGINEER)
    engineer.go(f"/tasks/{case.task('confirm_fault').id}")
    write = engineer.page.get_by_label("您的留言")
    write.fill("顾客改到明天上午")
    engineer.page.route("**/comments", lambda route: route.abort())
    engineer.page.get_by_role("button", name="留言", exact=True).click()
    engineer.page.wait_for_timeout(500)  # the page of the browser that says that nothing was reached
    engineer.page.unroute_all()
    engineer.go(f"/tasks/{case.task('confirm_fault').id}")
    expect(write).to_have_value("顾客改到明天上午")
    clock.move(hours=13)
    engineer.page.get_by_role("button", name="留言", exact=True).click()
    engineer.give_password()
    expect(engineer.page.locator("blockquote")).to_have_text("顾客改到明天上午")
    must_be_accessible(engineer)
    engineer.page.get_by_role("button", name="现在执行").click()
    expect(engineer.page.locator(".comments li")).to_have_count(1)
    expect(write).to_have_value("")
    engineer.page.reload()
    expect(write).to_have_value("")
    with company.reading(SYSTEM) as uow:
        assert [row.text for row in uow.rows(sa.select(comment))] == ["顾客改到明天上午"]


def test_numbers_are_read_as_a_chinese_keyboard_gives_them(person: People, case: Case) -> None:
    apart(need_parts, case)
    engineer = person(ENGINEER)
    engineer.open("填写领用配件表")
    quantity = engineer.page.locator("input[id*=field_quantity]").first
    for typed, read in (("１２", "12"), ("3个", "3"), ("两个", "")):
        quantity.fill("")
        quantity.focus()
        engineer.page.keyboard.insert_text(typed)
        quantity.blur()
        expect(quantity).to_have_value(read)
    quantity.focus()
    session = engineer.page.context.new_cdp_session(engineer.page)
    session.send("Input.imeSetComposition", {"text": "2ge", "selectionStart": 3, "selectionEnd": 3})
    expect(quantity).to_have_value("2ge")  # nobody writes into what is being composed
    session.send("Input.insertText", {"text": "2个"})
    expect(quantity).to_have_value("2")
    assert engineer.script_errors == []


def need_parts(case: Case) -> None:
    """The engineer asks for parts."""
    case.do(ENGINEER, "confirm_fault", confirmed_fault="电源灯亮，屏幕不亮", agreed_visit_at="2026-03-02T14:00+08:00",
            visit_in_time="yes")
    case.do(ENGINEER, "prepare_parts", parts_needed="yes")


def kept_entries(company: ProcessEngine) -> str:
    """The text of the one draft; empty while there is none."""
    with company.reading(SYSTEM) as uow:
        return "".join(row.entries for row in uow.rows(sa.select(draft)))


def patiently(someone: Person, holds: Callable[[], bool]) -> None:
    """Wait while the page goes on, until it holds."""
    for _ in range(100):
        if holds():
            return
        someone.page.wait_for_timeout(50)
    raise AssertionError(holds)
