"""A real server on a database of its own, and people who use it through Chromium."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import waitress
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from engine import scheduler
from engine.unit_of_work import ProcessEngine
from tests.browser.person import PHONE, Person
from web import create_app

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def address(company: ProcessEngine) -> Iterator[str]:
    """The address of a server with its worker, on the demonstration company; its clock is the test's."""
    app = create_app(engine=company)
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4, clear_untrusted_proxy_headers=True)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with scheduler.running(company):
        yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(10)


@pytest.fixture
def chromium(address: str) -> Iterator[Browser]:
    """The machine's Chromium, else the one that Playwright brought.

    It starts after the company is ready and ends with the test: Playwright runs an event loop in this thread, where V8
    does not work.
    """
    del address
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


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
