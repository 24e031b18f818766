"""A real server on a database of its own, and people who use it through Chromium."""

import asyncio
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import waitress
from playwright.sync_api import Browser, ViewportSize, sync_playwright
from waitress import wasyncore

from engine import scheduler
from engine.unit_of_work import ProcessEngine
from tests.browser.person import PHONE, Person
from tests.web_client import app_of

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--remote-debugging-port=0", "--no-first-run", "--no-default-browser-check", "--mute-audio",
    "--hide-scrollbars", "--disable-extensions", "--disable-component-update", "--disable-background-networking",
    "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
    "--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb", "--password-store=basic", "--use-mock-keychain",
    "--disable-back-forward-cache", "--disable-features=Translate,OptimizationHints,MediaRouter")


@pytest.fixture
def address(company: ProcessEngine) -> Iterator[str]:
    """The address of a server with its worker, on the demonstration company; its clock is the test's."""
    sockets: dict[int, object] = {}
    server = waitress.create_server(
        app_of(company), map=sockets, host="127.0.0.1", port=0, threads=4, clear_untrusted_proxy_headers=True)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            wasyncore.loop(timeout=30, map=sockets, count=1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with scheduler.running(company):
        yield f"http://127.0.0.1:{server.effective_port}"
    over.set()
    server.pull_trigger()  # wakes the loop, which closes nothing by itself: a socket closed under it may be another's by then
    thread.join(10)
    server.task_dispatcher.shutdown()
    wasyncore.close_all(sockets)


@pytest.fixture(scope="session")
def chromium_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for all tests of this process (starting it takes seconds): the machine's, else the one Playwright brought."""
    folder = tmp_path_factory.mktemp("chromium")
    program = next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()
    process = subprocess.Popen([program, *FLAGS, f"--user-data-dir={folder}", "about:blank"], stderr=subprocess.DEVNULL)
    told = folder / "DevToolsActivePort"
    while process.poll() is None and not (told.exists() and told.read_text("utf-8").count("\n")):
        time.sleep(0.05)  # it says its port once it listens
    yield f"http://127.0.0.1:{told.read_text('utf-8').splitlines()[0]}"
    process.terminate()
    process.wait(20)


def _playwrights_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


@pytest.fixture(scope="session")
def playwright_of_process(chromium_address: str) -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """Chromium as one Playwright of this process sees it, and that one's event loop, which sleeps between the tests."""
    with sync_playwright() as playwright:
        loop = asyncio.get_running_loop()
        browser = playwright.chromium.connect_over_cdp(chromium_address)
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def chromium(playwright_of_process: tuple[Browser, asyncio.AbstractEventLoop], address: str) -> Iterator[Browser]:
    """Chromium for this test: its contexts go with it.

    Playwright's loop counts as running in this thread from here to the test's end, and V8 does not work beside a running one:
    what evaluates FEEL comes before (the company is ready), after, or in a thread of its own.
    """
    del address
    browser, loop = playwright_of_process
    asyncio._set_running_loop(loop)
    yield browser
    for context in browser.contexts[1:]:  # the first is the browser's own
        context.close()
    asyncio._set_running_loop(None)


@pytest.fixture
def person(chromium: Browser, address: str) -> Iterator[Callable[..., Person]]:
    """`person("lead.changsha")` is that user, signed in, on a phone; `width=1440` is a desk, `language="en"` English."""
    with ExitStack() as stack:
        def arrive(user: str, *, width: int = PHONE, language: str = "zh") -> Person:
            screen = ViewportSize(width=width, height=844 if width == PHONE else 900)
            context = stack.enter_context(chromium.new_context(viewport=screen, locale="zh-CN", timezone_id="Asia/Shanghai"))
            context.set_default_timeout(10_000)
            someone = Person(context.new_page(), address, user)
            someone.sign_in(language)
            return someone
        yield arrive
