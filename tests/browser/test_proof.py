"""An auditor proves the record by clicks, and opens a dossier without the server."""

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from engine import documents, identity, uploads
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests import tampering
from tests.browser.access import must_be_accessible, serious
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database import acting
from tests.database.acting import Case

People = Callable[..., Person]


@pytest.fixture
def case(company: ProcessEngine) -> Case:
    """A complaint with a photo; to be asked for before `person`, whose server has a worker."""
    found = acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="Wuyi Road savings office",
                         product="pin_pad", serial_number="PP1", complaint_text="Came late")
    found.do("lead.changsha", "judge_complaint", is_complaint="yes")
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "navy").save(out, "JPEG")
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, "lead.changsha")
    with company.transaction(lead) as uow:
        documents.add(uow, found.id, uploads.examine("fault.jpg", out.getvalue(), limit=2_000_000))
    return found


def test_an_auditor_verifies_everything_and_one_case(company: ProcessEngine, case: Case, clock: Clock, person: People):
    auditor = person("auditor", width=1440)
    auditor.go("/audit/proof")
    auditor.page.get_by_role("button", name="校验全部").click()
    expect(auditor.page.locator("[data-result]")).to_contain_text("全部一致")
    expect(auditor.page.locator("[data-count]")).to_have_text("1 / 1")
    must_be_accessible(auditor)
    auditor.go(f"/cases/{case.id}")
    auditor.page.get_by_role("link", name="校验此工单").click()
    expect(auditor.page.get_by_role("status").filter(has_text="的记录完整")).to_be_visible()
    assert auditor.script_errors == []


def test_a_changed_row_is_shown_with_its_number(company: ProcessEngine, case: Case, person: People):
    forgery = tampering.Forgery(case.id, 1)
    with tampering.as_owner(company.settings.database_url) as connection:
        forger = tampering.Forger(connection, random.Random(1))
        events = forger.events(forgery.chain)
        events[1]["actor"] = "nobody"
        forger.put(forgery.chain, events, rehash=False)
    auditor = person("auditor", language="en")
    auditor.go("/audit/proof")
    auditor.page.get_by_role("button", name="Verify everything").click()
    row = auditor.page.locator("[data-findings] tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator("td").nth(1)).to_have_text("2")
    expect(row.get_by_role("link")).to_have_attribute("href", f"/audit/film/{case.id}?at=2")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_dossier_opens_without_the_server(case: Case, person: People, tmp_path: Path, language: str):
    auditor = person("auditor", width=1440, language=language)
    auditor.go(f"/cases/{case.id}")
    with auditor.page.expect_download() as download:
        auditor.page.get_by_role("link", name={"zh": "档案（ZIP）", "en": "Dossier (ZIP)"}[language]).click()
    path = tmp_path / "dossier.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    page = auditor.page
    page.context.set_offline(True)
    page.goto(f"file://{tmp_path}/index.html")
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
    assert page.locator("figure img").evaluate("image => image.complete && image.naturalWidth") == 80
    assert page.locator(".picture polyline").count() > 2
    assert serious(auditor) == []
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert auditor.script_errors == []
