"""What a list is narrowed by: every criterion, the lists of leads and watchers, substitutes, and pages that are partial."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import identity, tasks, watching, worklist
from engine.errors import InvalidValue
from engine.tables import task, task_candidate
from engine.unit_of_work import SYSTEM
from engine.worklist import Criteria, listing
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small

VISIT = diagram(start(), user("visit", "engineers,staff", camunda_dueDate="${due}", camunda_priority="${urgency}"), end(),
                flows("begin", "visit", "done"), starters="staff,engineers")
CALL = diagram(start(), user("call", "engineers", camunda_dueDate="${due}"), end(), flows("begin", "call", "done"),
               key="other", starters="staff,engineers")
PLAN = {  # number → (office, due in Shanghai, urgency); now is Monday, 2 March 2026, 09:00
    "N-1": ("north", "2026-03-02T08:00:00+08:00", 50), "N-2": ("north", "2026-03-02T17:00:00+08:00", 80),
    "N-3": ("north", "2026-03-08T23:00:00+08:00", 50), "N-4": ("north", "2026-03-09T00:00:00+08:00", 50),
    "N-5": ("north", None, 51), "S-1": ("south", "2026-02-27T09:00:00+08:00", 90)}


def numbers(found: worklist.Page) -> list[str]:
    return [row.business_key for row in found.rows]


def listed(small: Small, who: str, view: worklist.View, **criteria: str) -> list[str]:
    return numbers(small.do(who, worklist.page, view=view, criteria=Criteria(**criteria)))


def as_substitute(small: Small, who: str, absent: str, view: worklist.View, **criteria: str) -> list[str]:
    with small.engine.reading(SYSTEM) as uow:
        held = identity.actor(uow, absent).memberships
        actor = replace(identity.actor(uow, who), stands_for={absent: held})
    with small.engine.reading(actor) as uow:
        return numbers(worklist.page(uow, view=view, criteria=Criteria(**criteria)))


@pytest.fixture
def six(small: Small) -> Small:
    """Five visits in the north and one in the south, as `PLAN` has them, and a call in the north."""
    small.deploy(VISIT, CALL)
    for number, (office, due, urgency) in PLAN.items():
        small.start(business_key=number, office=office, variables={
            "due": due, "urgency": urgency, "customer": "王五", "product": f"云控{number}"})
    small.start(key="other", business_key="C-1", office="north", variables={"due": "2026-03-05T09:00:00+08:00"})
    return small


# ------------------------------------------------------------------ criteria
@pytest.mark.parametrize(("criteria", "found"), [
    ({}, ["N-1", "N-2", "C-1", "N-3", "N-4", "N-5"]),
    ({"due": "late"}, ["N-1"]), ({"due": "today"}, ["N-1", "N-2"]), ({"due": "week"}, ["N-1", "N-2", "C-1", "N-3"]),
    ({"due": "none"}, ["N-5"]), ({"priority": "high"}, ["N-2", "N-5"]),
    ({"process": "other"}, ["C-1"]), ({"process": "case", "due": "today"}, ["N-1", "N-2"]), ({"process": "nothing"}, []),
    ({"element": "call"}, ["C-1"]), ({"element": "visit", "priority": "high", "due": "none"}, ["N-5"]),
    ({"office": "north", "due": "late"}, ["N-1"]), ({"office": "south"}, []), ({"assignee": ""}, [
        "N-1", "N-2", "C-1", "N-3", "N-4", "N-5"]), ({"assignee": "eva"}, []), ({"search": "云控N-2"}, ["N-2"]),
    ({"search": "王五", "due": "late"}, ["N-1"]), ({"search": "王五", "process": "other"}, []),
    ({"search": "王五", "priority": "high", "element": "visit"}, ["N-2", "N-5"])])
def test_every_criterion_narrows_the_group_list_of_an_engineer_and_the_office_list_of_the_lead(
        six: Small, criteria: dict[str, str], found: list[str]):
    assert listed(six, "eva", "groups", **criteria) == found
    assert listed(six, "lea", "office", **criteria) == found


def test_central_staff_narrow_to_an_office(six: Small):
    assert listed(six, "bob", "groups", office="south") == ["S-1"]
    assert listed(six, "bob", "groups", office="north", due="late") == ["N-1"]
    assert listed(six, "bob", "groups", process="case", priority="high") == ["S-1", "N-2", "N-5"]


def test_an_administrator_narrows_all_offices(six: Small):
    six.do("eva", tasks.claim, six.task("call").id)
    assert listed(six, "root", "office") == ["S-1", "N-1", "N-2", "C-1", "N-3", "N-4", "N-5"]
    assert listed(six, "root", "office", process="other") == ["C-1"]
    assert listed(six, "root", "office", office="south") == ["S-1"]
    assert listed(six, "root", "office", assignee="eva") == ["C-1"]
    assert listed(six, "root", "office", assignee="", due="today") == ["N-1", "N-2"]
    assert listed(six, "root", "groups", process="other") == []
    assert listed(six, "root", "groups", office="north", due="week") == ["N-1", "N-2", "N-3"]


def test_a_lead_sees_who_has_what_in_the_office_and_nothing_of_another(six: Small):
    six.do("eva", tasks.claim, six.task("call").id)
    assert listed(six, "lea", "office", assignee="eva") == ["C-1"]
    assert listed(six, "lea", "office", assignee="eva", due="none") == []
    assert "C-1" not in listed(six, "lea", "office", assignee="")
    assert listed(six, "lea", "office", office="south") == []
    assert listed(six, "eva", "office") == []


def test_mine_and_done_are_narrowed_too(six: Small):
    for number in ("N-1", "N-2", "N-5"):
        row = next(row for row in six.do("eva", worklist.page, view="groups").rows if row.business_key == number)
        six.do("eva", tasks.claim, row.id)
    assert listed(six, "eva", "mine", priority="high") == ["N-2", "N-5"]
    assert listed(six, "eva", "mine", due="today", process="case") == ["N-1", "N-2"]
    assert listed(six, "eva", "mine", assignee="eli") == []
    for row in six.do("eva", worklist.page, view="mine").rows:
        six.do("eva", tasks.complete, row.id)
    assert sorted(listed(six, "eva", "done", due="today")) == ["N-1", "N-2"]
    assert listed(six, "eva", "done", process="other") == []
    assert listed(six, "eva", "done", search="云控N-5", priority="high") == ["N-5"]


def test_watched_has_the_open_tasks_of_the_cases_watched(six: Small):
    for element in ("call", "visit"):
        six.do("root", watching.watch, six.task(element).instance_id)
    assert listed(six, "root", "watched") == ["N-1", "C-1"]
    assert listed(six, "root", "watched", due="late") == ["N-1"]
    assert listed(six, "root", "watched", search="云控") == ["N-1"]
    six.complete("call", "eva")
    assert listed(six, "root", "watched") == ["N-1"]
    assert listed(six, "eva", "watched") == []


# ------------------------------------------------------------------ substitutes
def test_a_substitute_finds_what_the_absent_person_has_and_would_find(six: Small):
    six.do("eva", tasks.claim, six.task("call").id)
    assert as_substitute(six, "eli", "eva", "mine") == ["C-1"]
    assert as_substitute(six, "eli", "eva", "mine", assignee="eva", due="week") == ["C-1"]
    assert as_substitute(six, "eli", "eva", "mine", search="C-1") == ["C-1"]
    assert as_substitute(six, "eli", "eva", "groups") == ["S-1", "N-1", "N-2", "N-3", "N-4", "N-5"]
    assert as_substitute(six, "eli", "eva", "groups", search="云控N-2") == ["N-2"]
    assert listed(six, "eli", "groups") == ["S-1"]


# ------------------------------------------------------------------ counts
def test_counts_name_the_office_only_for_who_leads_one(six: Small):
    six.do("eva", tasks.claim, six.task("call").id)
    assert six.do("lea", worklist.counts) == {"mine": 0, "groups": 0, "watched": 0, "office": 6}
    assert six.do("eva", worklist.counts) == {"mine": 1, "groups": 5, "watched": 0}
    assert six.do("root", worklist.counts) == {"mine": 0, "groups": 6, "watched": 0, "office": 7}


# ------------------------------------------------------------------ pages
def test_a_page_is_stable_while_tasks_come_before_and_behind_it(six: Small):
    first = six.do("eva", worklist.page, view="groups", limit=3)
    six.start(business_key="N-0", office="north", variables={"due": "2026-03-01T09:00:00+08:00", "urgency": 50})
    six.start(business_key="N-6", office="north", variables={"due": "2026-03-20T09:00:00+08:00", "urgency": 50})
    rest = six.do("eva", worklist.page, view="groups", limit=9, after=first.next_cursor)
    assert numbers(first) + numbers(rest) == ["N-1", "N-2", "C-1", "N-3", "N-4", "N-6", "N-5"]
    assert rest.count is None


@pytest.fixture
def many(six: Small) -> Iterator[Small]:
    """As many copies of N-3 again as are examined at once and a few more, before N-5, which has a high priority."""
    def copy(uow):
        row = uow.row(sa.select(task).where(task.c.business_key == "N-3"))._asdict()
        rows = [{**row, "id": f"{row['id']}.{i}", "sort_due": row["sort_due"] + timedelta(minutes=i)}
                for i in range(listing.EXAMINED + 10)]
        uow.execute(sa.insert(task), rows)
        uow.execute(sa.insert(task_candidate), [
            {"group_id": "engineers", "office": "north", "sort_due": each["sort_due"], "task_id": each["id"],
             "root_key": each["root_key"]} for each in rows])

    def remove(uow):
        uow.execute(sa.delete(task_candidate).where(task_candidate.c.task_id.like("%.%.%")))
        uow.execute(sa.delete(task).where(task.c.id.like("%.%.%")))
    six.do("system", copy)
    yield six
    six.do("system", remove)


def test_a_rare_criterion_without_an_index_is_read_part_by_part_to_its_end(many: Small):
    for view, who in (("groups", "eva"), ("office", "lea"), ("office", "root")):
        high = Criteria(priority="high", office="north")
        first = many.do(who, worklist.page, view=view, criteria=high)
        assert (numbers(first), first.count, first.is_partial) == (["N-2"], 1, True)
        second = many.do(who, worklist.page, view=view, criteria=high, after=first.next_cursor)
        assert (numbers(second), second.next_cursor, second.is_partial) == (["N-5"], None, False)


def test_a_full_page_of_a_partial_list_goes_on_behind_its_last_row(many: Small):
    found, after = [], None
    for _ in range(9):
        part = many.do("eva", worklist.page, view="groups", criteria=Criteria(priority="high"), limit=1, after=after)
        found += numbers(part)
        after = part.next_cursor
        if after is None:
            break
    assert found == ["N-2", "N-5"]


def test_what_an_index_decides_is_never_partial(many: Small):
    decided = (Criteria(due="none"), Criteria(process="other"), Criteria(due="late", process="case"), Criteria(search="N-5"))
    for criteria in decided:
        found = many.do("eva", worklist.page, view="groups", criteria=criteria)
        assert (len(found.rows), found.count, found.next_cursor, found.is_partial) == (1, 1, None, False), criteria


# ------------------------------------------------------------------ what is kept
@pytest.mark.parametrize("value", [
    {"owner": "eva"}, {"due": "tomorrow"}, {"priority": "low"}, {"process": 5}, {"search": "x" * 101}, {"office": ["north"]}])
def test_criteria_that_there_are_not_are_refused(value: dict[str, object]):
    with pytest.raises(InvalidValue) as refused:
        Criteria.from_json(value)
    assert refused.value.facts["field"] == next(iter(value))


def test_criteria_are_read_as_they_were_written():
    given = Criteria(process="case", assignee="", due="week", priority="high", search="王五")
    assert Criteria.from_json(given.as_json()) == given
    assert Criteria.from_json({}) == Criteria()
