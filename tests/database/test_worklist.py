"""The inbox: who finds what, in which order, page by page; search; counts that stop."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import tasks, worklist
from engine.errors import InvalidValue
from engine.tables import task, task_candidate
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small

VISIT = diagram(start(), user("visit", "engineers,staff", camunda_dueDate="${due}"), end(), flows("begin", "visit", "done"),
                starters="staff,engineers")


def page(small: Small, who: str, **arguments) -> worklist.Page:
    return small.do(who, worklist.page, **arguments)


def numbers(found: worklist.Page) -> list[str]:
    return [row.business_key for row in found.rows]


@pytest.fixture
def five(small: Small) -> Small:
    """Five cases in the north, one in the south; due in the order 5, 4, 3, 2, 1."""
    small.deploy(VISIT)
    for number in range(1, 6):
        small.start(business_key=f"N-{number}", office="north", variables={
            "due": f"2026-03-{20 - number:02d}T09:00:00+08:00", "customer": f"客王小{number}", "serial_number": f"SN00{number}"})
    small.start(business_key="S-1", office="south", variables={
        "due": "2026-03-01T09:00:00+08:00", "customer": "南方银行", "serial_number": "X1"})
    return small


# ------------------------------------------------------------------ who and order
def test_an_engineer_finds_the_office_late_first(five: Small):
    assert numbers(page(five, "eva", view="groups")) == ["N-5", "N-4", "N-3", "N-2", "N-1"]
    assert numbers(page(five, "eli", view="groups")) == ["S-1"]


def test_central_staff_find_every_office(five: Small):
    assert numbers(page(five, "bob", view="groups")) == ["S-1", "N-5", "N-4", "N-3", "N-2", "N-1"]


def test_who_is_in_no_group_finds_nothing(five: Small):
    assert page(five, "lea", view="groups") == worklist.Page((), None, 0)


def test_an_administrator_finds_all_that_nobody_has(five: Small):
    five.do("eva", tasks.claim, page(five, "eva", view="groups").rows[0].id)
    assert len(page(five, "root", view="groups").rows) == 5


def test_a_task_without_a_due_date_comes_last(five: Small):
    five.start(business_key="N-0", office="north", variables={"due": None})
    assert numbers(page(five, "eva", view="groups"))[-1] == "N-0"


def test_a_task_offered_to_two_of_my_groups_comes_once(five: Small):
    def join(uow):
        uow.execute(sa.text("INSERT INTO membership (user_id, group_id, office) VALUES ('bob', 'engineers', 'north')"))
    five.do("system", join)
    found = page(five, "bob", view="groups")
    assert (len(found.rows), found.count) == (6, 6)


def test_a_claimed_task_moves_to_mine(five: Small):
    wanted = page(five, "eva", view="groups").rows[0]
    five.do("eva", tasks.claim, wanted.id)
    assert numbers(page(five, "eva", view="mine")) == ["N-5"]
    assert "N-5" not in numbers(page(five, "eva", view="groups"))
    assert five.do("eva", worklist.counts) == {"mine": 1, "groups": 4, "watched": 0}


def test_done_has_the_newest_first(five: Small, clock: Clock):
    for row in page(five, "eva", view="groups").rows[:3]:
        clock.move(minutes=1)
        five.do("eva", tasks.complete, row.id)
    assert numbers(page(five, "eva", view="done")) == ["N-3", "N-4", "N-5"]
    assert numbers(page(five, "bob", view="done")) == []


# ------------------------------------------------------------------ pages
@pytest.mark.parametrize("view", ["groups", "mine", "done"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_pages_have_every_task_once_and_in_order(five: Small, clock: Clock, view: worklist.View, size: int):
    if view != "groups":
        for row in page(five, "eva", view="groups").rows:
            clock.move(minutes=1)
            five.do("eva", tasks.claim if view == "mine" else tasks.complete, row.id)
    found, after = [], None
    while True:
        part = page(five, "eva", view=view, limit=size, after=after)
        assert len(part.rows) <= size
        found += numbers(part)
        after = part.next_cursor
        if after is None:
            break
    assert found == numbers(page(five, "eva", view=view))
    assert len(found) == 5


def test_same_due_dates_are_told_apart_by_id(small: Small):
    small.deploy(VISIT)
    for number in range(4):
        small.start(business_key=f"N-{number}", office="north", variables={"due": "2026-03-20T09:00:00+08:00"})
    first = page(small, "eva", view="groups", limit=2)
    rest = page(small, "eva", view="groups", limit=2, after=first.next_cursor)
    assert sorted(numbers(first) + numbers(rest)) == ["N-0", "N-1", "N-2", "N-3"]


@pytest.mark.parametrize("cursor", ["x", "2026-03-01~a", "~", "2026-03-01T00:00:00+00:00~"])
def test_a_cursor_that_was_made_up_is_refused(five: Small, cursor: str):
    with pytest.raises(InvalidValue):
        page(five, "eva", view="groups", after=cursor)


# ------------------------------------------------------------------ search
@pytest.mark.parametrize(("text", "found"), [
    ("王小", ["N-5", "N-4", "N-3", "N-2", "N-1"]), ("小3", ["N-3"]), ("sn004", ["N-4"]), ("N-2", ["N-2"]), ("n - 2", ["N-2"]),
    ("南方", []), ("小王", []), ("SN001 ", ["N-1"]), ("客", ["N-5", "N-4", "N-3", "N-2", "N-1"]), ("%", []), ("_", []), (" ", []),
    ("王小3SN003", [])])
def test_search_finds_pieces_of_number_customer_and_serial(five: Small, text: str, found: list[str]):
    assert numbers(page(five, "eva", view="groups", criteria=worklist.Criteria(search=text))) == found


def test_search_finds_in_mine_and_done_too(five: Small):
    claimed, completed = page(five, "eva", view="groups").rows[:2]
    five.do("eva", tasks.claim, claimed.id)
    five.do("eva", tasks.complete, completed.id)
    assert numbers(page(five, "eva", view="mine", criteria=worklist.Criteria(search="小5"))) == ["N-5"]
    assert numbers(page(five, "eva", view="mine", criteria=worklist.Criteria(search="小4"))) == []
    assert numbers(page(five, "eva", view="done", criteria=worklist.Criteria(search="小4"))) == ["N-4"]


# ------------------------------------------------------------------ counts
def test_counts_stop(five: Small):
    """A thousand tasks are counted, more are not."""
    def copy(uow):
        row = uow.row(sa.select(task).where(task.c.business_key == "N-1"))._asdict()
        rows = [{**row, "id": f"{row['id']}.{i}", "sort_due": row["sort_due"] + timedelta(minutes=i)} for i in range(1_200)]
        uow.execute(sa.insert(task), rows)
        uow.execute(sa.insert(task_candidate), [
            {"group_id": "engineers", "office": "north", "sort_due": each["sort_due"], "task_id": each["id"]} for each in rows])
    def remove(uow):
        uow.execute(sa.delete(task_candidate).where(task_candidate.c.task_id.like("%.%.%")))
        uow.execute(sa.delete(task).where(task.c.id.like("%.%.%")))
    five.do("system", copy)
    found = page(five, "eva", view="groups")
    assert (found.count, len(found.rows)) == (worklist.COUNTED, 50)
    five.do("system", remove)


# ------------------------------------------------------------------ starting
def test_what_may_be_started_is_the_newest_version_with_a_plain_start(small: Small):
    small.deploy(VISIT)
    small.deploy(diagram(start(), user("visit"), user("more"), end(), flows("begin", "visit", "more", "done"), starters="staff"))
    assert [(each.key, each.definition_id.split(":")[1]) for each in small.do("ann", worklist.startable)] == [("case", "2")]
    assert small.do("eva", worklist.startable) == []
