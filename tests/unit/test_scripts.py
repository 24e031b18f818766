"""What a page may load before it can be used."""

from tests.bench.scripts import first_load


def test_the_inbox_loads_less_than_60_kb_of_script() -> None:
    assert sum(first_load("inbox").values()) < 60_000


def test_the_task_page_loads_less_than_20_kb_before_it_can_be_read() -> None:
    assert sum(first_load("task").values()) < 20_000


def test_the_diagram_viewer_loads_only_where_a_diagram_is_shown() -> None:
    holders = {page for page in ("base", "inbox", "start", "task", "case") if any("diagram" in name for name in first_load(page))}
    assert holders == {"case"}  # a task fetches it when its diagram comes into sight
