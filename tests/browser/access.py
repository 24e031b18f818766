"""Whether a page can be used by everybody: it fits, and axe finds nothing serious. One line a page does it."""

import json

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.person import Person


def must_be_accessible(someone: Person, path: str = "") -> None:
    """Open `path` (default: the page that is shown), wait until it stands, and look at its width and with axe."""
    if path:
        someone.go(path)
    settle(someone)
    page = someone.page
    width = (page.viewport_size or {"width": 0})["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    found = serious(someone)
    assert not found, f"{page.url}: {found}"


def settle(someone: Person) -> None:
    """Wait until the islands of the page have been drawn."""
    someone.page.wait_for_load_state("networkidle")
    expect(someone.page.locator('[aria-busy="true"]')).to_have_count(0)


def serious(someone: Person) -> list[str]:
    """What axe finds serious or critical: rule and place."""
    found = Axe().run(someone.page).response["violations"]
    return [json.dumps([one["id"], [node["target"] for node in one["nodes"]][:3]], ensure_ascii=False)
            for one in found if one["impact"] in ("serious", "critical")]
