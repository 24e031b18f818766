"""Finding cases of all time: every criterion finds exactly what a plain look at the rows finds; pages, numbers, searches kept."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from engine import interventions
from engine.audit import conditions, finding, searches, vocabulary
from engine.audit.finding import Criteria
from engine.errors import Conflict, InvalidValue, NotFound
from engine.tables import activity_instance, audit_search, history_event, process_instance, task
from engine.unit_of_work import SYSTEM
from tests.conftest import Clock
from tests.database import audit_company
from tests.small_company import Small

CLAUSES = {  # as the diagrams of `audit_company` have them: element → its clauses
    "check": ("5.1.6",), "repair": ("5.1.15 n4", "5.1.15 n6", "5.1.7"), "pack": ("5.1.1",), "advise": ("5.1.18 n2",)}
ROLES = {"staff": ("check", "pack"), "engineers": ("repair",), "leads": ("advise",)}
VALUES: Mapping[str, tuple[Any, ...]] = {
    "process": ("case", "other", "help", "none"), "version": (1, 2, 3), "office": ("north", "south", "head", "nowhere"),
    "role": ("staff", "engineers", "leads", "nobody"), "person": ("ann", "bob", "root", "lea", "system", "eva"),
    "serial": ("SN-0003", "0003", "sn-00", "9"), "customer": ("五一路", "guangzhou tax", "岳阳邮政支局", "局", "上海"),
    "clause": ("5.1.6", "5.1.15", "5.1.15 n6", "5.1.1", "5.1.7", "5.1.18", "9"),
    "since": (date(2026, 3, 6), date(2026, 3, 20), date(2026, 9, 1)), "until": (date(2026, 3, 10), date(2026, 3, 25)),
    "outcome": ("active", "suspended", "completed", "terminated", "case/done", "case/refused", "other/done", "other/none"),
    "lateness": ("late", "late_now", "on_time"), "intervention": ("any", *sorted(interventions.COMMANDS)),
    "search": ("五一路", "SN-0001", "case-0", "nothing at all")}


class Plain:
    """All rows in memory, looked at one by one."""

    def __init__(self, small: Small, clock: Clock) -> None:
        self.now = clock.now
        self.cases = small.rows(sa.select(process_instance))
        self.tasks, self.visits, self.events = (self._by_case(small, table) for table in (task, activity_instance, history_event))

    def _by_case(self, small: Small, table: sa.Table) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {row.id: [] for row in self.cases}
        for row in small.rows(sa.select(table)):
            found.get(row.instance_id, []).append(row)
        return found

    def found(self, criteria: Criteria) -> list[str]:
        asked = {name: value for name in VALUES if (value := getattr(criteria, name)) is not None}
        rows = [row for row in self.cases if all(getattr(self, f"_{name}")(row, value) for name, value in asked.items())]
        return [row.id for row in sorted(rows, key=lambda row: (row.started_at, row.id), reverse=True)]

    def _process(self, row: Any, value: str) -> bool:
        return row.process_key == value

    def _version(self, row: Any, value: int) -> bool:
        return row.process_version == value

    def _office(self, row: Any, value: str) -> bool:
        return row.office == value

    def _role(self, row: Any, value: str) -> bool:
        return any(visit.element in ROLES.get(value, ()) for visit in self.visits[row.id])

    def _clause(self, row: Any, value: str) -> bool:
        named = [clause for visit in self.visits[row.id] for clause in CLAUSES.get(visit.element, ())]
        return any(each.split(" ")[0] == value or each == value for each in named)

    def _person(self, row: Any, value: str) -> bool:
        did = {row.started_by} | {who for each in self.tasks[row.id] for who in (each.completed_by, each.completed_for)}
        return value in did | {who for event in self.events[row.id] for who in (event.actor, event.on_behalf_of)}

    def _serial(self, row: Any, value: str) -> bool:
        return _fold(value) in _fold(row.serial)

    def _customer(self, row: Any, value: str) -> bool:
        return _fold(value) in _fold(row.customer)

    def _search(self, row: Any, value: str) -> bool:
        return any(_fold(value) in _fold(text) for text in (row.business_key, row.customer, row.serial))

    def _since(self, row: Any, value: date) -> bool:
        return _day(row.started_at) >= value

    def _until(self, row: Any, value: date) -> bool:
        return _day(row.started_at) <= value

    def _outcome(self, row: Any, value: str) -> bool:
        return value in (row.status, f"{row.process_key}/{row.end_element}")

    def _lateness(self, row: Any, value: str) -> bool:
        with_due = [each for each in self.tasks[row.id] if each.due_at]
        now = [each for each in with_due if each.state == "open" and each.due_at < self.now]
        late = now + [each for each in with_due if each.ended_at and each.ended_at > each.due_at]
        return {"late": bool(late), "late_now": bool(now), "on_time": not late}[value]

    def _intervention(self, row: Any, value: str) -> bool:
        done = {event.command for event in self.events[row.id]} & interventions.COMMANDS
        return bool(done) if value == "any" else value in done


def _fold(text: str | None) -> str:
    return (text or "").replace(" ", "").casefold()


def _day(moment: Any) -> date:
    return moment.astimezone(ZoneInfo("Asia/Shanghai")).date()


def found(small: Small, criteria: Criteria) -> list[str]:
    with small.engine.reading(SYSTEM) as uow:
        return [row.id for row in finding.every(uow, criteria)]


# ------------------------------------------------------------------ criteria
@pytest.mark.parametrize("name", list(VALUES))
def test_criterion_finds_exactly_the_cases_that_a_plain_look_finds(audited: Small, clock: Clock, name: str):
    plain = Plain(audited, clock)
    expected = {value: plain.found(Criteria(**{name: value})) for value in VALUES[name]}
    assert {value: found(audited, Criteria(**{name: value})) for value in VALUES[name]} == expected
    assert any(0 < len(each) < len(plain.cases) for each in expected.values()), "the company does not tell the values apart"


def test_any_criteria_together_find_exactly_the_same_cases_as_a_plain_look(audited: Small, clock: Clock):
    dice, plain, sizes = random.Random(1), Plain(audited, clock), []
    for _ in range(150):
        names = dice.sample(sorted(VALUES), dice.choice((2, 2, 3, 4)))
        criteria = Criteria(**{name: dice.choice(VALUES[name]) for name in names})
        expected = plain.found(criteria)
        assert found(audited, criteria) == expected, criteria
        sizes.append(len(expected))
        with audited.engine.reading(SYSTEM) as uow:
            facets = finding.facets(uow, criteria)
            assert (facets.total, finding.count(uow, criteria)) == (len(expected), len(expected))
            assert sum(facets.by["office"].values()) == len(expected)
    assert sum(size > 0 for size in sizes) > 20


@pytest.mark.parametrize("name", ["role", "person", "clause", "lateness", "intervention", "serial", "customer", "search"])
def test_what_is_common_is_found_case_by_case_and_is_the_same(audited: Small, clock: Clock, name: str):
    """Few rows are read at once, many are asked for by case: with one row that counts as many, all are."""
    plain = Plain(audited, clock)
    for value in VALUES[name]:
        with audited.engine.reading(SYSTEM) as uow:
            asked = conditions.conditions(uow, Criteria(**{name: value}), common=1)
            assert {row.id for row in uow.rows(sa.select(process_instance.c.id).where(*asked))} == set(
                plain.found(Criteria(**{name: value})))


def test_pages_have_every_case_once_and_the_newest_first(audited: Small):
    everything, seen, after = found(audited, Criteria()), [], None
    with audited.engine.reading(SYSTEM) as uow:
        while True:
            one = finding.page(uow, Criteria(), after=after, limit=5)
            seen += [row.id for row in one.rows]
            after = one.next_cursor
            if after is None:
                break
            assert len(one.rows) == 5
    assert seen == everything
    assert len(set(seen)) == audit_company.CASES


def test_a_case_that_starts_between_two_pages_moves_none(audited: Small, clock: Clock):
    everything = found(audited, Criteria())
    with audited.engine.reading(SYSTEM) as uow:
        first = finding.page(uow, Criteria(), limit=10)
    clock.move(minutes=1)
    audited.start(office="north", variables={"due": None, "broken": True})
    with audited.engine.reading(SYSTEM) as uow:
        second = finding.page(uow, Criteria(), after=first.next_cursor, limit=10)
    assert [row.id for row in (*first.rows, *second.rows)] == everything[:20]


def test_export_stops_at_the_number_it_is_given(audited: Small):
    with audited.engine.reading(SYSTEM) as uow:
        assert [row.id for row in finding.every(uow, Criteria(), most=7)] == found(audited, Criteria())[:7]


def test_what_a_row_lacks_is_told_for_many_at_once(audited: Small, clock: Clock):
    plain = Plain(audited, clock)
    with audited.engine.reading(SYSTEM) as uow:
        told = finding.about(uow, plain.cases)
    for row in plain.cases:
        done = [event.command for event in plain.events[row.id] if event.command in interventions.COMMANDS]
        assert dict(told[row.id].interventions) == {name: done.count(name) for name in done}
        assert bool(told[row.id].late) == (row.id in plain.found(Criteria(lateness="late")))


# ------------------------------------------------------------------ words of the diagrams
@pytest.mark.parametrize(("text", "pieces"), [
    ("5.1.15 n4, n6; 5.1.7", ["5.1.15 n4", "5.1.15 n6", "5.1.7"]), ("5.1.8, 5.1.17 n1", ["5.1.8", "5.1.17 n1"]),
    ("5.5.2, 6", ["5.5.2", "6"]), ("5.1.17 n4b, 5.1.17 n4c", ["5.1.17 n4b", "5.1.17 n4c"]), ("", [])])
def test_property_clause_names_one_clause_or_several(text: str, pieces: list[str]):
    assert vocabulary.pieces(text) == pieces


def test_vocabulary_has_the_clauses_roles_versions_and_ends_of_all_versions(audited: Small):
    with audited.engine.reading(SYSTEM) as uow:
        words = vocabulary.read(uow)
    assert set(words.clauses) == {clause for each in CLAUSES.values() for clause in each}
    assert {role: {element for _, element in places} for role, places in words.roles.items()} == {
        role: set(elements) for role, elements in ROLES.items()}
    assert (words.versions["case"], words.versions["help"]) == ((1, 2), (1,))
    assert set(words.ends()) == {("case", "done"), ("case", "refused"), ("other", "done"), ("help", "done")}


# ------------------------------------------------------------------ as JSON, and kept
def test_criteria_are_the_same_after_they_were_json():
    criteria = Criteria(process="case", version=2, since=date(2026, 3, 1), outcome="case/done", lateness="late",
                        intervention="any")
    assert Criteria.from_json(criteria.as_json()) == criteria
    assert criteria.as_json() == {"process": "case", "version": 2, "since": "2026-03-01", "outcome": "case/done",
                                  "lateness": "late", "intervention": "any"}


@pytest.mark.parametrize(("name", "value"), [
    ("colour", "red"), ("version", "2"), ("version", 0), ("version", True), ("since", "yesterday"), ("since", "0001-01-01"),
    ("until", "9999-12-31"), ("lateness", "early"), ("intervention", "complete"), ("outcome", "lost"), ("outcome", "/"),
    ("search", ""), ("search", "x" * 101), ("person", 7), ("serial", "  ")])
def test_impossible_criterion_is_refused_by_name(name: str, value: object):
    with pytest.raises(InvalidValue) as refused:
        Criteria.from_json({name: value})
    assert (refused.value.code, refused.value.facts["field"]) == ("criterion", name)


@pytest.mark.parametrize("cursor", ["", "x", "2026-03-02~1", "0001-01-01T00:00:00+14:00~1", "9999-12-31T23:59:59-10:00~1"])
def test_cursor_that_no_page_gave_is_refused(small: Small, cursor: str):
    with small.engine.reading(SYSTEM) as uow, pytest.raises(InvalidValue):
        finding.page(uow, Criteria(), after=cursor or "~")


def test_search_is_kept_for_its_owner_alone_and_one_of_a_name(small: Small):
    small.do("ann", searches.save, " 逾期  的 ", Criteria(lateness="late"))
    kept = small.do("ann", searches.save, "逾期 的", Criteria(lateness="late", office="north"))
    small.do("bob", searches.save, "逾期 的", Criteria())
    assert small.do("ann", searches.saved) == [searches.SavedSearch(kept, "逾期 的", Criteria(lateness="late", office="north"))]
    with pytest.raises(NotFound):
        small.do("bob", searches.delete, kept)
    small.do("ann", searches.delete, kept)
    assert small.do("ann", searches.saved) == []
    assert len(small.rows(sa.select(audit_search))) == 1


def test_search_without_a_name_or_beyond_the_most_is_refused(small: Small):
    with pytest.raises(InvalidValue):
        small.do("ann", searches.save, "  ", Criteria())
    for number in range(searches.MOST):
        small.do("ann", searches.save, f"n{number}", Criteria())
    with pytest.raises(Conflict):
        small.do("ann", searches.save, "one more", Criteria())
    small.do("ann", searches.save, "n7", Criteria(office="north"))


def test_days_are_those_of_china(small: Small, clock: Clock):
    small.deploy(audit_company.FIRST)
    clock.set(clock.now.replace(hour=15, minute=59))  # 23:59 in China
    late = small.start(office="north", variables={"due": None, "broken": True})
    clock.move(minutes=1)
    early = small.start(office="north", variables={"due": None, "broken": True})
    day = _day(clock.now)
    assert found(small, Criteria(since=day)) == [early]
    assert found(small, Criteria(until=day - timedelta(days=1))) == [late]
