"""How soon the modeller can be used: the editor of the largest shipped diagram, in Chromium with nothing in its cache."""

import shutil
import statistics
import time

from playwright.sync_api import Browser, sync_playwright

from engine.diagram.check import File
from engine.modeling import drafts
from engine.settings import ROOT, Settings
from engine.tables import user_account
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.bench.clients import served
from tests.bench.company import PASSWORD
from tests.bench.measuring import Table
from tests.bench.scripts import first_load, later_load
from tests.conftest import Databases

NAMES = ("chromium", "chromium-browser", "google-chrome")
READY = "[data-editor]:not([aria-busy='true']) .djs-element"


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str) -> None:
    """From following the link until the diagram can be changed; the median of some visits, each with an empty cache."""
    url = databases.new(template)
    draft = _draft(url)
    program = next(filter(None, map(shutil.which, NAMES)), None)
    with served(url) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        address = base.removesuffix("/engine-rest")
        taken = [_visit(browser, address, f"/modeler/drafts/{draft}/edit?file=complaint.bpmn") for _ in range(rounds)]
        browser.close()
    size = sum(first_load("editor").values()) + sum(later_load("editor", "diagrams").values())
    table.add("modeller ready, complaint diagram, empty cache", kind, f"{statistics.median(taken):.2f} s",
              f"{min(taken):.2f}–{max(taken):.2f} s; script {size / 1000:.0f} kB compressed")
    databases.drop(url)


def _draft(url: str) -> str:
    engine = ProcessEngine(Settings(database_url=url))
    with engine.transaction(SYSTEM) as uow:
        uow.execute(user_account.update().where(user_account.c.id == "lea").values(is_admin=True))
    diagram = File("complaint.bpmn", (ROOT / "bpmn" / "complaint.bpmn").read_bytes())
    with engine.transaction(SYSTEM) as uow:
        made = drafts.create(uow, title="bench", reason="bench", files=[diagram])
    engine.close()
    return made


def _visit(browser: Browser, address: str, path: str) -> float:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.locator("#user").fill("lea")
    page.locator("#password").fill(PASSWORD)
    page.locator(".sign-in-card button").click()
    page.wait_for_url("**/inbox**")
    page.wait_for_load_state("networkidle")
    begin = time.perf_counter()
    page.goto(address + path, wait_until="commit")
    page.locator(READY).first.wait_for(state="attached")
    taken = time.perf_counter() - begin
    context.close()
    return taken
