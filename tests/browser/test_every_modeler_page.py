"""The modeller's pages for those who open them, as `test_every_page` looks at all others."""

from collections.abc import Mapping

import pytest

from engine.unit_of_work import ProcessEngine
from tests.browser.modeler_pages import APPROVER, OWNER, PAGES, seed
from tests.browser.test_every_page import People, listen, look_at

OF_APPROVERS = ("/modeler/approvals", "/modeler/drafts/<draft_id>/approval")


@pytest.fixture
def room(company: ProcessEngine) -> Mapping[str, str]:
    """To be asked for before `person`, whose server has a worker."""
    return seed(company)


SQUEEZED = """() => [...document.querySelectorAll('.rows-cards td')].filter((cell) => cell.getClientRects().length
  && cell.innerText.trim().length > 6 && cell.clientWidth < 72 && cell.clientHeight > 60).map((cell) => cell.innerText)"""


@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (1440, "en")])
def test_the_modellers_pages_serve_everybody(room: Mapping[str, str], person: People, width: int, language: str) -> None:
    faults: list[str] = []
    for user, rules in ((OWNER, tuple(PAGES)), (APPROVER, OF_APPROVERS)):
        someone = person(user, width=width, language=language)
        heard = listen(someone)
        for path in (path.format(**room) for rule in rules for path in PAGES[rule]):
            faults += look_at(someone, path, language)
            faults += [f"{path}: squeezed: {words}" for words in someone.page.evaluate(SQUEEZED)]
        faults += [f"{user}: {text}" for text in heard]
    assert not faults, "\n".join(dict.fromkeys(faults))
