"""Files are made and renamed beside the tabs of the editor; a name that cannot be is refused in one sentence."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from engine import bundles, identity
from engine.modeling import drafts
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.person import Person

People = Callable[..., Person]
SHOWN = {"process": ("loan_of_tools.bpmn", "[data-element-id=loan_of_tools_begun]"),
         "form": ("loan_of_tools.form", ".fjs-form-field-textarea"), "decision": ("loan_of_tools.dmn", ".tjs-container")}
"""The name of a new file and what its editor shows."""


@pytest.fixture
def draft(company: ProcessEngine) -> str:
    """A draft of one diagram and one form."""
    with company.transaction(SYSTEM) as uow:
        owner = identity.actor(uow, "process_owner")
        found = [bundles.latest(uow, kind, key) for kind, key in (("process", "parts_issue"), ("form", "requisition"))]
    with company.transaction(owner) as uow:
        return drafts.create(uow, title="配件领用", reason="试改", definitions=[row.id for row in found if row])


def edit(person: People, draft: str, file: str = "requisition.form", language: str = "zh") -> Person:
    """The editor of `file`, ready."""
    owner = person("process_owner", width=1440, language=language)
    owner.go(f"/modeler/drafts/{draft}/edit?file={file}")
    ready(owner)
    return owner


def ready(owner: Person) -> None:
    """Wait until the editor is."""
    expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)


def ask(owner: Person, button: str) -> Locator:
    """The dialog behind a button beside the tabs."""
    owner.page.get_by_role("button", name=button, exact=True).click()
    dialog = owner.page.get_by_role("dialog", name=re.compile(button))
    dialog.wait_for()
    return dialog


def names(company: ProcessEngine, draft: str) -> list[str]:
    """The files that the server has."""
    with company.reading(SYSTEM) as uow:
        return sorted(drafts.files(uow, draft))


def content(company: ProcessEngine, draft: str, file: str) -> str:
    """The text of one of them."""
    with company.reading(SYSTEM) as uow:
        return drafts.content(uow, draft, file).decode()


@pytest.mark.parametrize("kind", ["process", "form", "decision"])
def test_a_new_file_is_opened_and_the_gate_finds_no_error_in_it(
        person: People, company: ProcessEngine, draft: str, kind: str) -> None:
    file, shown = SHOWN[kind]
    owner = edit(person, draft)
    dialog = ask(owner, "新建")
    dialog.get_by_label("种类").select_option(kind)
    dialog.get_by_label("文件名").fill("loan_of_tools")
    dialog.get_by_label("名称（中文）").fill("工具 <借用> & 归还")
    dialog.get_by_label("名称（英文）").fill('Loan of "tools"')
    with owner.page.expect_response(lambda reply: reply.url.endswith("/check") and reply.ok):
        dialog.get_by_role("button", name="新建").click()
    expect(owner.page.get_by_role("tab", name=file)).to_have_attribute("aria-selected", "true")
    ready(owner)
    expect(owner.page.locator(shown).first).to_be_visible()
    expect(owner.page.locator("[data-problems] .problem-error")).to_have_count(0)
    assert re.search(r"Loan of .*tools", content(company, draft, file))
    assert owner.script_errors == []


def test_a_new_file_with_a_name_that_cannot_be_is_refused_and_what_was_typed_stays(
        person: People, company: ProcessEngine, draft: str) -> None:
    before = names(company, draft)
    owner = edit(person, draft, language="en")
    dialog = ask(owner, "New")
    refusal, create = dialog.get_by_role("alert"), dialog.get_by_role("button", name="Create")
    for file, sentence in (("../loan", "only letters, digits and underscores"), ("loan.form", "ends in .bpmn"),
                           ("loan", "in Chinese and in English")):
        dialog.get_by_label("File name").fill(file)
        create.click()
        expect(refusal).to_contain_text(sentence)
    dialog.get_by_label("Name (Chinese)").fill("投诉")
    dialog.get_by_label("Name (English)").fill("Complaint")
    for file, sentence in (("complaint.bpmn", "has the id complaint already"), ("parts_issue", "has the id parts_issue already")):
        dialog.get_by_label("File name").fill(file)
        create.click()
        expect(refusal).to_contain_text(sentence)
        expect(dialog.get_by_label("Name (Chinese)")).to_have_value("投诉")
    dialog.get_by_role("button", name="Cancel").click()
    assert names(company, draft) == before
    assert owner.script_errors == []


def test_a_renamed_file_keeps_its_content_and_still_changes_what_it_began_with(
        person: People, company: ProcessEngine, draft: str) -> None:
    before = content(company, draft, "requisition.form")
    owner = edit(person, draft)
    dialog = ask(owner, "重命名")
    refusal, go = dialog.get_by_role("alert"), dialog.get_by_role("button", name="重命名")
    for name, sentence in (("领用.dmn", "以 .form 结尾"), ("a/b.form", "不能有 / 和"), ("", "不能为空")):
        dialog.get_by_label("文件名").fill(name)
        go.click()
        expect(refusal).to_contain_text(sentence)
    dialog.get_by_label("文件名").fill("领用配件表.form")
    go.click()
    expect(owner.page.get_by_role("tab", name="领用配件表.form")).to_have_attribute("aria-selected", "true")
    ready(owner)
    assert names(company, draft) == ["parts_issue.bpmn", "领用配件表.form"]
    assert content(company, draft, "领用配件表.form") == before
    with company.reading(SYSTEM) as uow:
        assert drafts.changed(uow, drafts.get(uow, draft)) == {}
    owner.page.once("dialog", lambda box: box.accept())
    with owner.page.expect_navigation():
        owner.page.get_by_role("button", name="撤销这次编辑").click()
    ready(owner)
    assert names(company, draft) == ["parts_issue.bpmn", "requisition.form"]
    assert owner.script_errors == []


def test_two_files_of_one_name_are_refused(person: People, company: ProcessEngine, draft: str) -> None:
    owner = edit(person, draft)
    dialog = ask(owner, "新建")
    dialog.get_by_label("种类").select_option("form")
    dialog.get_by_label("文件名").fill("loan_of_tools")
    dialog.get_by_label("名称（中文）").fill("借用")
    dialog.get_by_label("名称（英文）").fill("Loan")
    dialog.get_by_role("button", name="新建").click()
    expect(owner.page.get_by_role("tab", name="loan_of_tools.form")).to_have_attribute("aria-selected", "true")
    ready(owner)
    dialog = ask(owner, "重命名")
    dialog.get_by_label("文件名").fill("Requisition.form")
    dialog.get_by_role("button", name="重命名").click()
    expect(dialog.get_by_role("alert")).to_contain_text("草稿中已有名为“requisition.form”的文件")
    assert names(company, draft) == ["loan_of_tools.form", "parts_issue.bpmn", "requisition.form"]
    assert owner.script_errors == []
