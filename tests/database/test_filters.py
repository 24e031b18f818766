"""Saved filters: whose they are, with whom they are shared, who deletes them, what they count."""

import pytest
import sqlalchemy as sa

from engine import filters, tasks
from engine.errors import Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import saved_filter
from engine.worklist import Criteria
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small

LATE = Criteria(due="late", process="case")
VISIT = diagram(start(), user("visit", "engineers", camunda_dueDate="${due}"), end(), flows("begin", "visit", "done"),
                starters="staff,engineers")


def names(small: Small, who: str) -> list[str]:
    return [each.name for each in small.do(who, filters.saved)]


def keep(small: Small, who: str, name: str = "逾期", **arguments) -> str:
    return small.do(who, filters.save, name, **{"view": "groups", "criteria": LATE, **arguments})


def test_a_saved_filter_is_there_again_and_only_for_its_owner(small: Small):
    kept = keep(small, "eva", " 我的 逾期 ")
    found = small.do("eva", filters.saved)
    assert found == [filters.SavedFilter(kept, "我的 逾期", "groups", LATE, "eva", None, "", is_mine=True)]
    assert names(small, "eli") == names(small, "lea") == []


def test_saving_under_the_same_name_replaces_mine_and_nobody_elses(small: Small):
    keep(small, "eva")
    keep(small, "eli")
    keep(small, "eva", view="mine")
    assert [each.view for each in small.do("eva", filters.saved)] == ["mine"]
    assert [each.view for each in small.do("eli", filters.saved)] == ["groups"]


def test_a_filter_is_shared_with_the_group_in_its_office(small: Small):
    join(small, "lea", "engineers", "north")
    keep(small, "lea", group="engineers", office="north")
    assert names(small, "eva") == ["逾期"]
    assert names(small, "eli") == []
    assert [each.is_mine for each in small.do("eva", filters.saved)] == [False]


def test_a_filter_of_a_central_group_is_shared_with_all_of_it(small: Small):
    keep(small, "ann", group="staff")
    assert names(small, "bob") == ["逾期"]
    assert names(small, "eva") == []


@pytest.mark.parametrize(("who", "group", "office"), [
    ("eva", "staff", ""), ("eva", "engineers", "south"), ("eva", "engineers", ""), ("ann", "engineers", "north"),
    ("eva", "none", "")])
def test_only_a_member_shares(small: Small, who: str, group: str, office: str):
    with pytest.raises(Forbidden) as refused:
        keep(small, who, group=group, office=office)
    assert refused.value.code == "may_not_share"


def test_only_the_owner_and_a_lead_of_the_office_delete_a_shared_filter(small: Small):
    join(small, "bob", "engineers", "north")
    kept = keep(small, "eva", group="engineers", office="north")
    with pytest.raises(Forbidden):
        small.do("bob", filters.delete, kept)
    with pytest.raises(NotFound):
        small.do("eli", filters.delete, kept)
    small.do("lea", filters.delete, kept)
    assert names(small, "eva") == []
    small.do("eva", filters.delete, keep(small, "eva"))
    assert names(small, "eva") == []


def test_a_private_filter_is_not_even_there_for_a_lead(small: Small):
    with pytest.raises(NotFound):
        small.do("lea", filters.delete, keep(small, "eva"))


@pytest.mark.parametrize("name", ["", "  ", "名" * 61])
def test_a_filter_needs_a_name_that_fits(small: Small, name: str):
    with pytest.raises(InvalidValue) as refused:
        keep(small, "eva", name)
    assert refused.value.code == "filter_name"


def test_criteria_are_checked_when_saved_and_when_read(small: Small):
    with pytest.raises(InvalidValue):
        keep(small, "eva", criteria=Criteria(due="someday"))  # type: ignore[arg-type]  # what a page might send
    with pytest.raises(InvalidValue):
        keep(small, "eva", view="all")
    keep(small, "eva")
    small.do("system", lambda uow: uow.execute(sa.update(saved_filter).values(criteria='{"colour":"red"}')))
    with pytest.raises(InvalidValue) as refused:
        small.do("eva", filters.saved)
    assert refused.value.facts["field"] == "colour"


def test_nobody_keeps_more_than_can_be_looked_through(small: Small):
    def fill(uow) -> None:
        for number in range(filters.MOST):
            filters.save(uow, f"筛选 {number}", view="mine", criteria=LATE)
    small.do("eva", fill)
    keep(small, "eva", "筛选 7")  # another of the same name takes its place
    with pytest.raises(Conflict):
        keep(small, "eva", "再一个")


def test_a_filter_counts_what_its_reader_would_find(small: Small):
    small.deploy(VISIT)
    for office, due in (("north", "2026-03-01"), ("north", "2026-02-01"), ("north", "2026-04-01"), ("south", "2026-02-01")):
        small.start(office=office, variables={"due": f"{due}T09:00:00+08:00"})
    keep(small, "eva")
    (found,) = small.do("eva", filters.saved)
    assert small.do("eva", filters.count, found) == 2
    assert small.do("eli", filters.count, found) == 1
    small.do("eva", tasks.claim, small.task("visit").id)
    assert small.do("eva", filters.count, found) == 1


def join(small: Small, who: str, group: str, office: str) -> None:
    """Make somebody a member."""
    small.do("system", lambda uow: uow.execute(sa.text(
        f"INSERT INTO membership (user_id, group_id, office) VALUES ('{who}', '{group}', '{office}')")))
