"""A change of a procedure from draft to effect by clicks: two people, on a phone and at a desk."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.access import must_be_accessible
from tests.browser.person import Person
from tests.database.test_model_drafts import NAME, changed

People = Callable[..., Person]
TITLE = "配件领用：改称呼"


@pytest.mark.parametrize("width", [390, 1440])
def test_change_is_drafted_submitted_rejected_approved_and_in_effect(person: People, width: int) -> None:
    owner = person("process_owner", width=width)
    draft = begin(owner)
    bring(owner, FilePayload(name=NAME, mimeType="application/xml", buffer=changed("一")),
          FilePayload(name="scan.bpmn", mimeType="application/xml", buffer="扫描件".encode("gbk")))
    expect(owner.page.locator(".notice-danger")).to_contain_text("scan.bpmn")
    submit(owner, draft, "按例会决议修改")
    must_be_accessible(owner)

    approver = person("management_representative", width=width)
    follow_notice(approver, "请您审批")
    approver.page.get_by_role("link", name="查看并审批").click()
    expect(approver.page.locator("h1")).to_contain_text(TITLE)
    must_be_accessible(approver)
    approver.page.get_by_label("原因", exact=True).fill("请写明依据的条款")
    approver.page.get_by_role("button", name="驳回").click()
    expect(approver.page.locator(".notice-success")).to_contain_text("已驳回")

    follow_notice(owner, "驳回了流程草稿")
    expect(owner.page.locator(".notice-warning")).to_contain_text("请写明依据的条款")
    submit(owner, draft, "按例会决议修改，依据 5.1.9")

    approver.go("/modeler/approvals")
    must_be_accessible(approver)
    approver.page.get_by_role("link", name=f"审批 {TITLE}").click()
    approver.page.get_by_role("button", name="批准").click()
    expect(approver.page.locator(".notice-success")).to_contain_text("已批准")

    owner.go("/modeler")
    must_be_accessible(owner)
    owner.page.get_by_role("link", name="配件领用", exact=True).click()
    expect(owner.page.locator("h1")).to_contain_text("第 2 版")
    expect(owner.page.locator("tbody tr").first).to_contain_text("依据 5.1.9")
    must_be_accessible(owner)
    assert owner.script_errors == approver.script_errors == []


def test_own_draft_is_not_approved_by_an_administrator_either(person: People) -> None:
    admin = person("admin", width=1440)
    draft = begin(admin)
    bring(admin, FilePayload(name=NAME, mimeType="application/xml", buffer=changed("一")))
    submit(admin, draft, "试一试")
    admin.page.get_by_role("link", name="查看审批内容").click()
    expect(admin.page.locator(".notice-info")).to_contain_text("须由他人审批，管理员也不例外")
    expect(admin.page.get_by_role("button", name="批准")).to_have_count(0)


def begin(someone: Person) -> str:
    """Edit the procedure of parts as a draft; the address of its page."""
    someone.go("/inbox")
    someone.page.get_by_role("link", name="流程", exact=True).click()
    someone.page.get_by_role("link", name="配件领用", exact=True).click()
    must_be_accessible(someone)
    someone.page.get_by_role("button", name="修改（建立草稿）").click()
    someone.page.wait_for_url("**/modeler/drafts/**")
    someone.go("/modeler/drafts")
    must_be_accessible(someone)
    someone.page.get_by_role("link", name="修改配件领用").click()
    expect(someone.page.get_by_role("heading", name="改了什么，为什么")).to_be_visible()
    must_be_accessible(someone)
    return someone.page.url


def bring(someone: Person, *files: FilePayload) -> None:
    """Choose files on the draft's page and send them."""
    someone.page.locator("#files").set_input_files(list(files))
    someone.page.get_by_role("button", name="导入").click()
    expect(someone.page.locator(".notice-success")).to_contain_text(NAME)


def submit(someone: Person, draft: str, reason: str) -> None:
    """Say why, and submit."""
    someone.page.goto(draft)
    someone.page.get_by_label("标题").fill(TITLE)
    someone.page.get_by_label("修改原因").fill(reason)
    someone.page.get_by_role("button", name="提交审批").click()
    expect(someone.page.locator(".notice-success")).to_contain_text("已提交")


def follow_notice(someone: Person, words: str) -> None:
    """Open what a notice tells of."""
    someone.go("/notices")
    someone.page.locator("main").get_by_role("link").filter(has_text=words).first.click()
    expect(someone.page.locator("h1")).to_contain_text(TITLE)
