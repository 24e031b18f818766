"""The editors of a draft by clicks: a diagram, a form and a decision table are changed, checked and kept."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from engine import bundles, identity
from engine.diagram.sources import File
from engine.modeling import drafts
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.person import Person

People = Callable[..., Person]
FILES = (("process", "parts_issue"), ("form", "requisition"), ("decision", "warranty"))


@pytest.fixture
def draft(company: ProcessEngine) -> str:
    """A draft of one diagram, one form and one decision table."""
    with company.transaction(SYSTEM) as uow:
        owner = identity.actor(uow, "process_owner")
        found = [bundles.latest(uow, kind, key) for kind, key in FILES]
    with company.transaction(owner) as uow:
        return drafts.create(uow, title="配件领用", reason="试改", definitions=[row.id for row in found if row])


def edit(person: People, draft: str, file: str = "parts_issue.bpmn", **who: str | int) -> Person:
    """The editor of `file`, ready."""
    owner = person(str(who.get("user", "process_owner")), width=int(who.get("width", 1440)),
                   language=str(who.get("language", "zh")))
    owner.go(f"/modeler/drafts/{draft}/edit?file={file}")
    expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
    return owner


def stored(company: ProcessEngine, draft: str, file: str) -> tuple[int, str]:
    """Revision and text on the server."""
    with company.reading(SYSTEM) as uow:
        return drafts.files(uow, draft)[file].revision, drafts.content(uow, draft, file).decode()


def saving(owner: Person) -> AbstractContextManager[object]:
    """What is done inside is saved at the end, by itself."""
    return owner.page.expect_response(lambda reply: reply.request.method == "PUT" and reply.ok)


def test_looking_at_a_file_saves_nothing(person: People, company: ProcessEngine, draft: str) -> None:
    before = stored(company, draft, "parts_issue.bpmn")
    owner = edit(person, draft)
    owner.page.get_by_role("tab", name="requisition.form").click()
    expect(owner.page.locator(".fjs-form-editor, .fjs-editor-container").first).to_be_visible()
    assert stored(company, draft, "parts_issue.bpmn") == before
    assert owner.script_errors == []


def test_a_step_gets_its_english_name_and_its_role_without_typing_an_id(
        person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft)
    owner.page.locator("[data-element-id=issue_parts]").first.click()
    owner.page.get_by_text("本公司的规定").wait_for()
    with saving(owner):
        owner.page.locator("#bio-properties-panel-house-role").select_option("service_engineer")
    revision, text = stored(company, draft, "parts_issue.bpmn")
    assert revision == 2
    assert re.search(r'id="issue_parts"[^>]*camunda:candidateGroups="service_engineer"', text)
    assert owner.script_errors == []


def test_an_error_gets_its_english_name_where_it_is_caught(person: People, company: ProcessEngine, draft: str) -> None:
    add_diagram(company, draft, "in_warranty")
    owner = edit(person, draft, "in_warranty.bpmn")
    owner.page.locator("[data-element-id=charge_came_to_light]").first.click()
    named = owner.page.locator("#bio-properties-panel-house-thrown_en")
    expect(named).to_have_value("The customer turns out to be charged")
    with saving(owner):
        named.fill("A charge after all")
    text = stored(company, draft, "in_warranty.bpmn")[1]
    error = re.search(r'<bpmn:error id="error_charge_needed".*?</bpmn:error>', text, re.DOTALL)
    assert error
    assert 'name="name_en" value="A charge after all"' in error[0]
    owner.page.get_by_role("button", name="撤销", exact=True).click()
    expect(named).to_have_value("The customer turns out to be charged")
    assert owner.script_errors == []


def add_diagram(company: ProcessEngine, draft: str, key: str) -> None:
    """Take a procedure up into the draft."""
    with company.transaction(SYSTEM) as uow:
        actor, row = identity.actor(uow, "process_owner"), bundles.latest(uow, "process", key)
    with company.transaction(actor) as uow:
        drafts.include(uow, draft, row.id if row else "")


def test_what_a_step_lacks_is_told_while_it_is_drawn(person: People, draft: str) -> None:
    owner = edit(person, draft)
    expect(owner.page.locator("[data-nothing]")).to_be_visible()
    owner.page.locator("[data-element-id=issue_parts]").first.click()
    owner.page.locator("#bio-properties-panel-house-role").select_option("")
    expect(owner.page.locator("[data-problems] [data-code=nobody]")).to_contain_text("凭表发放配件")
    expect(owner.page.locator(".problem-badge")).to_have_count(1)
    owner.page.get_by_role("button", name="撤销", exact=True).click()
    expect(owner.page.locator("[data-problems] [data-code=nobody]")).to_have_count(0)


def test_a_field_of_a_form_gets_another_name(person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft, "requisition.form")
    owner.page.locator(".fjs-editor-container .fjs-form-field-textarea").click()
    owner.page.locator("[data-group-id=group-general]").wait_for()
    field = owner.page.locator("[data-entry-id=label]").locator("input, [contenteditable]").first
    if not field.is_visible():
        owner.page.locator("[data-group-id=group-general] .bio-properties-panel-group-header").click()
    with saving(owner):
        field.fill("领用说明")
    revision, text = stored(company, draft, "requisition.form")
    assert revision == 2
    assert "领用说明" in text
    assert owner.script_errors == []


def test_a_cell_of_a_decision_table_is_changed(person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft, "warranty.dmn")
    cell = owner.page.locator("td.annotation [contenteditable]").first
    cell.click()
    with saving(owner):
        cell.fill("由顾客付费")
    revision, text = stored(company, draft, "warranty.dmn")
    assert revision == 2
    assert "由顾客付费" in text
    assert re.search(r'<camunda:property name="name_en" value="In warranty or not \(5\.1\.7\)" ?/>', text)
    assert owner.script_errors == []


def test_two_who_edit_are_told_of_each_other_and_neither_loses_anything(
        person: People, company: ProcessEngine, draft: str) -> None:
    first = edit(person, draft)
    second = edit(person, draft, user="process_owner2", language="en")
    expect(second.page.locator("[data-others]")).to_contain_text("is editing this draft, too")
    for someone, role in ((first, "service_engineer"), (second, "service_lead")):
        someone.page.locator("[data-element-id=issue_parts]").first.click()
        someone.page.locator("#bio-properties-panel-house-role").select_option(role)
        expect(someone.page.locator("[data-state]")).to_contain_text("已保存" if someone is first else "saved in between")
        if someone is first:
            expect_revision(company, draft, first, 2)
    assert 'camunda:candidateGroups="service_engineer"' in stored(company, draft, "parts_issue.bpmn")[1]
    second.page.once("dialog", lambda dialog: dialog.dismiss())
    second.page.get_by_role("button", name="Take theirs").click()
    expect(second.page.locator("[data-state]")).to_contain_text("saved in between")
    with saving(second):
        second.page.get_by_role("button", name="Keep mine").click()
    assert 'camunda:candidateGroups="service_lead"' in stored(company, draft, "parts_issue.bpmn")[1]
    first.page.locator("#bio-properties-panel-house-role").select_option("branch_sales")
    first.page.once("dialog", lambda dialog: dialog.accept())
    first.page.get_by_role("button", name="看对方的").click()
    first.page.locator("[data-element-id=issue_parts]").first.click()
    expect(first.page.locator("#bio-properties-panel-house-role")).to_have_value("service_lead")


def expect_revision(company: ProcessEngine, draft: str, owner: Person, revision: int) -> None:
    """Wait until the diagram has been saved as `revision`."""
    for _ in range(50):
        if stored(company, draft, "parts_issue.bpmn")[0] == revision:
            return
        owner.page.wait_for_timeout(200)
    raise AssertionError(stored(company, draft, "parts_issue.bpmn")[0])


def test_a_diagram_whose_references_have_prefixes_is_drawn_whole(person: People, company: ProcessEngine) -> None:
    model = Path(__file__).parent.parent / "miwg" / "genmymodel-0-47--A.2.0-export.bpmn"
    with company.transaction(SYSTEM) as uow:
        actor = identity.actor(uow, "process_owner")
    with company.transaction(actor) as uow:
        other = drafts.create(uow, title="A.2.0", reason="试开", files=[File(model.name, model.read_bytes())])
    owner = edit(person, other, model.name)
    shapes = len(re.findall(rb"<bpmndi:BPMNShape ", model.read_bytes()))
    expect(owner.page.locator(".djs-shape:not([data-element-id$=_label])")).to_have_count(shapes)
    assert owner.script_errors == []


def change_role(owner: Person, role: str) -> None:
    owner.page.locator("[data-element-id=issue_parts]").first.click()
    owner.page.locator("#bio-properties-panel-house-role").select_option(role)


def test_what_is_drawn_without_a_connection_is_kept_and_saved_later(
        person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft)
    owner.page.context.set_offline(True)
    change_role(owner, "service_engineer")
    expect(owner.page.locator("[data-state]")).to_contain_text("没有连接")
    assert stored(company, draft, "parts_issue.bpmn")[0] == 1
    with saving(owner):
        owner.page.context.set_offline(False)
    assert 'camunda:candidateGroups="service_engineer"' in stored(company, draft, "parts_issue.bpmn")[1]


def test_what_a_closed_browser_could_not_save_is_there_again(person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft)
    owner.page.context.set_offline(True)
    change_role(owner, "service_engineer")
    expect(owner.page.locator("[data-state]")).to_contain_text("没有连接")
    again = owner.page.context.new_page()
    owner.page.close()
    owner.page = again
    again.context.set_offline(False)
    with saving(owner):
        owner.go(f"/modeler/drafts/{draft}/edit?file=parts_issue.bpmn")
    assert 'camunda:candidateGroups="service_engineer"' in stored(company, draft, "parts_issue.bpmn")[1]


def test_a_name_that_is_being_typed_as_the_page_is_left_is_kept(person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft)
    owner.page.locator("[data-element-id=issue_parts]").first.dblclick()
    owner.page.locator(".djs-direct-editing-content").fill("照表发放")
    owner.page.goto("about:blank")
    edit_again(owner, draft)
    owner.page.locator("[data-element-id=issue_parts]").first.click()
    owner.page.locator("#bio-properties-panel-house-name_en").fill("Hand out by the form")
    owner.page.goto("about:blank")
    edit_again(owner, draft)
    assert owner.script_errors == []
    text = stored(company, draft, "parts_issue.bpmn")[1]
    assert 'id="issue_parts" name="照表发放"' in text
    assert 'value="Hand out by the form"' in text


def edit_again(owner: Person, draft: str) -> None:
    """The editor once more, with what this browser kept saved by now."""
    owner.go(f"/modeler/drafts/{draft}/edit?file=parts_issue.bpmn")
    expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
    expect(owner.page.locator("[data-state]")).to_contain_text("已保存 ")


def test_a_whole_sitting_is_undone(person: People, company: ProcessEngine, draft: str) -> None:
    before = stored(company, draft, "parts_issue.bpmn")[1]
    owner = edit(person, draft)
    with saving(owner):
        change_role(owner, "service_engineer")
    with saving(owner):
        owner.page.locator("#bio-properties-panel-house-role").select_option("service_lead")
    owner.page.once("dialog", lambda dialog: dialog.accept())
    with owner.page.expect_navigation():
        owner.page.get_by_role("button", name="撤销这次编辑").click()
    expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
    assert stored(company, draft, "parts_issue.bpmn")[1] == before


def test_a_file_that_somebody_took_out_comes_back_with_what_was_drawn(
        person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft)
    with company.reading(SYSTEM) as uow:
        other = identity.actor(uow, "process_owner2")
    with company.transaction(other) as uow:
        drafts.remove(uow, draft, "parts_issue.bpmn", revision=1)
    change_role(owner, "service_engineer")
    expect(owner.page.locator("[data-state]")).to_contain_text("流程负责人二已把这个文件移出草稿")
    with saving(owner):
        owner.page.get_by_role("button", name="用我的").click()
    assert 'camunda:candidateGroups="service_engineer"' in stored(company, draft, "parts_issue.bpmn")[1]
    assert owner.script_errors == []


def test_who_is_signed_out_is_told_so_when_another_file_is_opened(person: People, draft: str) -> None:
    owner = edit(person, draft)
    owner.page.context.clear_cookies()
    owner.page.get_by_role("tab", name="requisition.form").click()
    expect(owner.page.locator("[data-state]")).to_contain_text("登录已过期")
    assert owner.script_errors == []


def test_who_may_not_undo_a_sitting_goes_on_and_is_saved(person: People, company: ProcessEngine, draft: str) -> None:
    first, second = edit(person, draft), edit(person, draft, user="process_owner2")
    with saving(first):
        change_role(first, "service_engineer")
    second.page.reload()
    expect(second.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
    with saving(second):
        change_role(second, "service_lead")
    first.page.once("dialog", lambda dialog: dialog.accept())
    first.page.get_by_role("button", name="撤销这次编辑").click()
    expect(first.page.locator("[data-state]")).to_contain_text("保存了“parts_issue.bpmn”")
    first.page.locator("#bio-properties-panel-house-role").select_option("marketing")
    expect(first.page.locator("[data-state]")).to_contain_text("已另外保存过")
    with saving(first):
        first.page.get_by_role("button", name="用我的").click()
    assert 'camunda:candidateGroups="marketing"' in stored(company, draft, "parts_issue.bpmn")[1]
    assert first.script_errors == []


def test_what_was_drawn_without_a_connection_is_saved_while_another_file_is_shown(
        person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft)
    owner.page.get_by_role("tab", name="requisition.form").click()
    expect(owner.page.locator("[data-state]")).to_contain_text("已保存")
    owner.page.get_by_role("tab", name="parts_issue.bpmn").click()
    expect(owner.page.locator("[data-element-id=issue_parts]").first).to_be_visible()
    owner.page.route("**/files/parts_issue.bpmn",
                     lambda route: route.abort() if route.request.method == "PUT" else route.continue_())
    change_role(owner, "service_engineer")
    expect(owner.page.locator("[data-state]")).to_contain_text("没有连接")
    owner.page.get_by_role("tab", name="requisition.form").click()
    expect(owner.page.locator(".fjs-editor-container").first).to_be_visible()
    owner.page.unroute("**/files/parts_issue.bpmn")
    with saving(owner):
        owner.page.evaluate("window.dispatchEvent(new Event('online'))")
    assert 'camunda:candidateGroups="service_engineer"' in stored(company, draft, "parts_issue.bpmn")[1]


def test_a_form_that_the_editor_does_not_know_is_told_in_the_readers_language(
        person: People, company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        actor = identity.actor(uow, "process_owner")
    files = [File("odd.form", b'{"components": 5}'), File("a.scenario", b'{"process": "complaint", "name": "a"}')]
    with company.transaction(actor) as uow:
        other = drafts.create(uow, title="表单", reason="试开", files=files)
    owner = edit(person, other, "odd.form")
    expect(owner.page.locator("[data-state]")).to_contain_text("打不开 odd.form，文件保持原样：其中有表单编辑器不认识的内容")
    expect(owner.page.locator("[data-problems] [data-code=form_malformed]")).to_be_visible()
    owner.page.get_by_role("tab", name="a.scenario").click()
    expect(owner.page.locator("[data-state]")).to_contain_text("这里只能查看")
    assert owner.script_errors == []


def test_the_bar_above_a_diagram_does_what_it_says(person: People, draft: str) -> None:
    owner = edit(person, draft)
    owner.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with owner.page.expect_download() as saved:
        owner.page.get_by_role("button", name="存为 SVG").click()
    assert "凭表发放配件" in Path(saved.value.path()).read_text("utf-8")
    owner.page.get_by_role("button", name="复制为 PNG").click()
    copied = "async () => (await navigator.clipboard.read())[0].types"
    for _ in range(20):
        if owner.page.evaluate(copied) == ["image/png"]:
            break
        owner.page.wait_for_timeout(100)
    assert owner.page.evaluate(copied) == ["image/png"]
    owner.page.get_by_role("button", name="试走").click()
    expect(owner.page.get_by_role("button", name="试走")).to_have_attribute("aria-pressed", "true")
    owner.page.locator("[data-container-id=parts_needed_now] .bts-context-pad").first.click()
    expect(owner.page.locator(".bts-token-count:not(.inactive), .bts-token")).not_to_have_count(0)
    owner.page.get_by_role("button", name="试走").click()
    owner.page.locator(".djs-minimap .toggle").click()
    expect(owner.page.locator(".djs-minimap.open")).to_be_visible()
    owner.page.get_by_role("button", name="快捷键").click()
    expect(owner.page.get_by_role("dialog")).to_contain_text("留出空间")
    assert owner.script_errors == []


def test_the_palette_hides_nothing_of_the_whole_diagram(person: People, draft: str) -> None:
    owner = edit(person, draft)
    palette = owner.page.locator(".djs-palette").bounding_box()
    first = owner.page.locator("[data-element-id=parts_needed_now]").first.bounding_box()
    assert palette
    assert first
    assert first["x"] > palette["x"] + palette["width"]


def test_the_form_editor_speaks_chinese_and_keeps_what_people_wrote(person: People, draft: str) -> None:
    owner = edit(person, draft, "requisition.form")
    expect(owner.page.locator(".fjs-palette-container")).to_contain_text("单行文字")
    expect(owner.page.locator(".fjs-palette-container")).not_to_contain_text("Text field")
    expect(owner.page.locator(".fjs-form-editor, .fjs-editor-container").first).to_contain_text("申请的配件")
