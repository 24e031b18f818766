"""The film of a long case: how soon it can be scrubbed in Chromium; and whether films of random cases show what ran."""

import random
import shutil
import statistics
import time

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, sync_playwright

from engine import deployments
from engine.audit import film
from engine.diagram.check import File
from engine.tables import user_account
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.bench.clients import served
from tests.bench.company import PASSWORD, bench_diagram, opened
from tests.bench.measuring import Table, medians, wall
from tests.bench.steps import complete, start
from tests.conftest import Clock, Databases, open_engine, prepare_company
from tests.diagram_text import pictured
from tests.diagrams.walker import Walker, walked
from tests.film_path import filmed, ran

NAMES = ("chromium", "chromium-browser", "google-chrome")
MOST = 2
"""Seconds until a film of 10,000 events can be scrubbed."""
SEED = 11


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str, *, events: int, finished: int) -> None:
    """The rows of the film on one kind of database."""
    url = databases.new(template)
    with opened(url) as engine:
        case = _long(engine, events)
        with engine.reading(SYSTEM) as uow:
            def jump() -> float:
                engine.keyframes.clear()
                return wall(1, lambda: film.reel(uow, case, events - film.KEYFRAME // 2))
            found = medians(rounds, {"jump near the end, first": jump,
                                     "jump near the end, again": lambda: wall(1, lambda: film.reel(uow, case, events - 100))})
    for name, value in found.items():
        table.add(f"film of {events:,} events: {name}", kind, f"{value:.0f} ms")
    with served(url) as base:
        visits = _visits(base.removesuffix("/engine-rest"), rounds, case, events)
    for where, taken in visits.items():
        first, jump_ = (statistics.median(times) for times in zip(*taken, strict=True))
        verdict = f"empty cache; aim ≤ {MOST}: {'met' if first <= MOST else 'MISSED'}; then to the middle {jump_:.2f} s"
        table.add(f"film of {events:,} events can be scrubbed, {where}", kind, f"{first:.2f} s",
                  f"{min(taken)[0]:.2f}–{max(taken)[0]:.2f} s, {verdict}")
    databases.drop(url)
    if kind == "sqlite":
        table.add(*_same(databases, finished))


def _long(engine: ProcessEngine, events: int) -> str:
    """A case of so many events on a diagram with a picture; `lea` may see it."""
    with engine.transaction(SYSTEM) as uow:
        deployments.deploy(uow, [File("bench.bpmn", pictured(bench_diagram()))], name="with a picture")
        uow.execute(sa.update(user_account).where(user_account.c.id == "lea").values(is_admin=True))
    case = start(engine)
    for _ in range(events - 1):
        complete(engine, case)
    return case


def _visits(address: str, rounds: int, case: str, events: int) -> dict[str, list[tuple[float, float]]]:
    """Where a film was opened → the seconds of each visit."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        found = {name: [_visit(browser, address, f"/audit/film/{case}?at={at}", at) for _ in range(rounds)]
                 for name, at in (("from the beginning", 1), ("linked to near the end", events - 50))}
        browser.close()
    return found


def _visit(browser: Browser, address: str, path: str, at: int) -> tuple[float, float]:
    """Seconds from following the link until the film stands at its event, and then for a jump to the middle of the line."""
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
    _stands(page, str(at))
    opened_after = time.perf_counter() - begin
    page.locator("[data-film-scrubber]").focus()
    begin = time.perf_counter()
    page.locator("[data-film-scrubber]").evaluate(
        "(line) => { line.value = line.max / 2; line.dispatchEvent(new Event('input', { bubbles: true })); }")
    page.wait_for_function("(at) => document.querySelector('[data-film]').dataset.shown !== at", arg=str(at))
    jumped_after = time.perf_counter() - begin
    context.close()
    return opened_after, jumped_after


def _stands(page: Page, at: str) -> None:
    shown = page.locator(f"[data-film][data-shown='{at}'][aria-busy='false'] .djs-element")
    shown.first.wait_for(state="attached", timeout=60_000)


def _same(databases: Databases, number: int) -> tuple[str, str, str, str]:
    """Films of random finished cases of the demonstration company against what ran."""
    url, clock = databases.new(), Clock()
    prepare_company(url)
    engine = open_engine(url, clock)
    cases = walked(Walker(engine, clock, random.Random(SEED)), number)
    with engine.reading(SYSTEM) as uow:
        same = [filmed(uow, case) == ran(uow, case) for case in cases]
        events = sum(len(film.heads(uow, case)) for case in cases)
    engine.close()
    databases.drop(url)
    return (f"films of {len(cases)} random finished cases that show the path that ran", "sqlite",
            f"{same.count(True)} of {len(cases)}", f"{events:,} events")
