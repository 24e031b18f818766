"""What a page may load before it can be used."""

from tests.bench.scripts import first_load, later_load
from web.layout.assets import SOURCES


def test_the_inbox_loads_less_than_60_kb_of_script() -> None:
    assert sum(first_load("inbox").values()) < 60_000


def test_the_task_page_loads_less_than_20_kb_before_it_can_be_read() -> None:
    assert sum(first_load("task").values()) < 20_000


def test_the_diagram_viewer_loads_only_where_a_diagram_is_shown() -> None:
    holders = {page for page in ("base", "inbox", "start", "task", "case") if any("diagram" in name for name in first_load(page))}
    assert holders == {"case"}  # a task fetches it when its diagram comes into sight


def test_the_code_of_the_modeller_is_on_no_other_page() -> None:
    shared = {name for page in ("task", "case", "start") for name in (*first_load(page), *later_load(page, "form"))}
    own = {name for part in ("diagrams", "forms", "decisions") for name in later_load("editor", part)} - shared
    assert sum(size for name, size in later_load("editor", "diagrams").items() if name in own) > 200_000
    others = {page: own & first_load(page).keys() for page in SOURCES if page != "editor"}
    assert {page: found for page, found in others.items() if found} == {}
