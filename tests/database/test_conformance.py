"""Each kind of deviation, made for real, is reported once with its justification; what follows the procedure has none."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import bundles, comments, identity, instances, interventions, migration, organization, substitutions, tasks
from engine.audit import conformance, procedures
from engine.audit.conformance import Conformance, Rate, Wanted
from engine.audit.deviations import Deviation
from engine.interventions import SendBack, SetVariable, Skip
from engine.tables import task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.database import acting
from tests.diagram_text import (
    boundary,
    diagram,
    end,
    flows,
    messages,
    node,
    properties,
    start,
    timer,
    user,
)
from tests.small_company import Small


def step(element: str, clause: str, name: str = "") -> str:
    return user(element, inner=properties(clause=clause), name=name or element)


def way(*steps: str) -> bytes:
    """The steps one after the other; `check` is 5.1 n1, `repair` 5.1 n2, `hand_over` 5.2."""
    clauses = {"check": "5.1 n1", "look": "5.1 n1", "repair": "5.1 n2", "hand_over": "5.2, 6"}
    names = {"look": "check"}
    return diagram(start(), *(step(each, clauses[each], names.get(each, each)) for each in steps), end(),
                   flows("begin", *steps, "done"))


LATE = diagram(start(), step("check", "5.1 n1"), boundary("late", "check", timer("PT4H"), interrupts=False,
                                                         before=properties(deadline="true", clause="5.3")),
               end("told"), end(), flows("begin", "check", "done"), flows("late", "told"))


@pytest.fixture
def small(engine: ProcessEngine) -> Small:
    return Small(engine)


def judged(engine: ProcessEngine, **wanted: Any) -> Conformance:
    with engine.reading(SYSTEM) as uow:
        return conformance.conformance(uow, Wanted(**wanted))


def the_one(small: Small) -> Deviation:
    """The only deviation that there is."""
    found = judged(small.engine).deviations
    assert len(found) == 1, [(each.kind, each.element and each.element.id) for each in found]
    return found[0]


def told(found: Deviation) -> tuple[str, str | None, tuple[str, ...], str | None, str]:
    return found.kind, found.element and found.element.id, found.clauses, found.who, found.justification


def plain(rates: Mapping[Any, Rate]) -> dict[Any, tuple[int, int]]:
    return {key: (each.executions, each.deviating) for key, each in rates.items()}


def finish(small: Small, *steps: str) -> None:
    for each in steps:
        small.complete(each)


# ------------------------------------------------------------------ each kind
def test_case_that_follows_the_procedure_has_no_deviation(small: Small) -> None:
    small.deploy(way("check", "repair", "hand_over"))
    small.start()
    finish(small, "check", "repair", "hand_over")
    found = judged(small.engine)
    assert (found.looked, list(found.deviations), found.led, found.unsure) == (1, [], 0, 0)
    assert (found.total.executions, found.total.deviating) == (3, 0)


def test_skipped_step_is_told_once_with_its_reason(small: Small) -> None:
    small.deploy(way("check", "repair"))
    case, waits = small.start(), small.task("check")
    small.do("root", interventions.intervene, case, Skip(waits.token), reason="顾客自己查过了")
    finish(small, "repair")
    found = the_one(small)
    assert told(found) == ("skipped", "check", ("5.1 n1",), "root", "顾客自己查过了")
    assert (found.case.id, found.activity, found.seq) == (case, waits.id, 2)


def test_case_that_was_sent_back_is_told_once_and_its_order_is_not_judged(small: Small) -> None:
    small.deploy(way("check", "repair", "hand_over"))
    case = small.start()
    finish(small, "check")
    waits = small.task("repair")
    small.do("root", interventions.intervene, case, SendBack(waits.token, "check", 1), reason="查错了机器")
    finish(small, "check", "repair", "hand_over")
    found = the_one(small)
    assert told(found) == ("forced", "repair", ("5.1 n2",), "root", "查错了机器")
    assert found.detail["command"] == "send_back"
    assert found.detail["to"].id == "check"
    assert judged(small.engine).led == 1


def test_changed_variable_stands_at_the_step_at_hand(small: Small) -> None:
    small.deploy(way("check", "repair"))
    case = small.start(variables={"colour": "red"})
    small.do("root", interventions.intervene, case, SetVariable(1, "colour", "blue", "text"), reason="录错了")
    found = the_one(small)
    assert told(found) == ("forced", "check", ("5.1 n1",), "root", "录错了")
    assert found.detail == {"command": "set_variable", "variable": "colour"}


def test_moved_due_date_is_forced(small: Small, clock: Clock) -> None:
    small.deploy(LATE)
    small.start()
    small.do("root", tasks.set_due, small.task("check").id, due_at=clock.now + timedelta(days=2), reason="等配件")
    assert told(the_one(small)) == ("forced", "check", ("5.1 n1",), "root", "等配件")


def test_ended_case_is_forced_and_stands_where_it_was(small: Small) -> None:
    small.deploy(way("check", "repair"))
    case = small.start()
    finish(small, "check")
    small.do("root", instances.terminate, case, reason="重复录入")
    assert told(the_one(small)) == ("forced", "repair", ("5.1 n2",), "root", "重复录入")


def test_case_moved_to_another_version_is_forced(small: Small) -> None:
    small.deploy(way("check", "repair"))
    case = small.start()
    small.deploy(way("check", "repair", "hand_over"))

    def move(uow: Any) -> None:
        row = uow.lock_instance(case)
        newest = bundles.latest(uow, "process", "case")
        target = bundles.load(uow, bundles.assemble(uow, newest))
        migration.move(uow, row, target, migration.propose(bundles.load(uow, row.bundle_id), target), reason="用新流程")

    small.do("root", move)
    assert told(the_one(small)) == ("forced", "check", ("5.1 n1",), "root", "用新流程")


def test_suspending_and_resuming_are_no_deviations(small: Small) -> None:
    small.deploy(way("check"))
    case = small.start()
    small.do("root", instances.suspend, case, reason="等配件")
    small.do("root", instances.resume, case, reason="配件到了")
    finish(small, "check")
    assert list(judged(small.engine).deviations) == []


def test_late_task_is_told_once_with_the_comment_at_it(small: Small, clock: Clock) -> None:
    small.deploy(LATE)
    case = small.start()
    clock.move(hours=5)
    small.run()
    assert told(the_one(small)) == ("late", "check", ("5.1 n1",), None, "")
    assert the_one(small).detail["is_open"]
    waits = small.task("check")
    small.do("ann", comments.add, case, "顾客不在家", task_id=waits.id)
    small.complete("check")
    found = the_one(small)
    assert told(found) == ("late", "check", ("5.1 n1",), "ann", "顾客不在家")
    assert (found.is_comment, found.at, found.activity) == (True, clock.now, waits.id)


def test_task_in_time_is_not_late(small: Small, clock: Clock) -> None:
    small.deploy(LATE)
    small.start()
    clock.move(hours=4)
    small.complete("check")
    assert list(judged(small.engine).deviations) == []


def test_deadline_of_what_nobody_works_on_is_told_by_itself(small: Small, clock: Clock) -> None:
    waits = node("receiveTask", "reply", properties(clause="5.4"), messageRef="m_reply")
    marks = properties(deadline="true", clause="5.3")
    small.deploy(diagram(
        start(), waits, boundary("late", "reply", timer("PT4H"), interrupts=False, before=marks),
        end("told"), end(), flows("begin", "reply", "done"), flows("late", "told"), more=messages(["reply"])))
    small.start()
    clock.move(hours=5)
    small.run()
    found = the_one(small)
    assert (found.kind, found.element and found.element.id, found.clauses) == ("late", "late", ("5.3",))
    rates = judged(small.engine)
    assert (rates.total.executions, rates.total.deviating) == (1, 1)  # the execution is that of the step that it stands on


def test_administrator_outside_the_groups_is_in_the_wrong_role_also_after_joining_them(small: Small, clock: Clock) -> None:
    small.deploy(way("check", "repair"))
    small.start()
    small.complete("check", user="root")
    assert told(the_one(small)) == ("wrong_role", "check", ("5.1 n1",), "root", "")
    clock.move(days=1)
    join(small, "root", frozenset({("staff", "")}))
    small.complete("repair", user="root")
    assert the_one(small).element.id == "check"  # type: ignore[union-attr]


def test_who_left_the_group_afterwards_was_in_the_right_role(small: Small, clock: Clock) -> None:
    small.deploy(way("check"))
    small.start()
    small.complete("check", user="bob")
    clock.move(days=1)
    join(small, "bob", frozenset({("engineers", "north")}))
    assert list(judged(small.engine).deviations) == []


def test_substitute_acts_in_the_role_of_who_is_absent(small: Small, clock: Clock) -> None:
    small.deploy(diagram(start(), user("check", "engineers"), end(), flows("begin", "check", "done")))
    small.start(office="north")
    small.do("eva", substitutions.enter, "eva", substitute="lea", from_at=clock.now, until_at=clock.now + timedelta(days=1),
             reason="休假")
    clock.move(hours=1)
    small.complete("check", user="lea")
    assert small.rows(sa.select(task.c.completed_for))[0].completed_for == "eva"
    assert list(judged(small.engine).deviations) == []


def test_order_is_judged_by_the_procedure_in_effect_or_by_the_own_version(small: Small, clock: Clock) -> None:
    small.deploy(way("check", "repair", "hand_over"))
    case = small.start()
    for each in ("check", "repair", "hand_over"):
        clock.move(hours=1)
        small.complete(each)
    small.deploy(way("repair", "check", "hand_over"))
    found = the_one(small)
    assert told(found) == ("out_of_order", "check", ("5.1 n1",), "ann", "")
    assert found.case.id == case
    assert list(judged(small.engine, by_own=True).deviations) == []


def test_open_case_fits_as_far_as_it_came(small: Small) -> None:
    small.deploy(way("check", "repair"))
    small.start()
    finish(small, "check")
    small.deploy(way("check", "repair", "hand_over"))
    assert list(judged(small.engine).deviations) == []


def test_case_that_ended_before_a_step_of_today_is_out_of_order_at_its_end(small: Small) -> None:
    small.deploy(way("check", "repair"))
    small.start()
    finish(small, "check", "repair")
    small.deploy(way("check", "repair", "hand_over"))
    assert (the_one(small).kind, the_one(small).detail) == ("out_of_order", {"is_unfinished": True})


def test_renamed_step_is_followed(small: Small) -> None:
    small.deploy(way("check", "repair"))
    small.start()
    finish(small, "check", "repair")
    small.deploy(way("look", "repair"))
    assert list(judged(small.engine).deviations) == []


def test_case_of_the_company_that_is_only_late_has_only_that(company: ProcessEngine, clock: Clock) -> None:
    case = acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="储蓄所", complaint_text="没来")
    case.do("lead.changsha", "judge_complaint", is_complaint="yes")
    case.do("lead.changsha", "accept_complaint", severity="ordinary", severity_reason="轻微")
    assert list(judged(company).deviations) == []
    clock.move(days=9)
    case.run()
    late = judged(company).deviations
    assert {each.kind for each in late} <= {"late"}
    assert len({each.activity for each in late}) == len(late)


# ------------------------------------------------------------------ rates, bounds
def test_rates_are_deviating_executions_over_executions(small: Small, clock: Clock) -> None:
    small.deploy(way("check", "repair", "hand_over"))
    first = small.start("ann", office="north")
    finish(small, "check")
    small.do("root", interventions.intervene, first, Skip(small.task("repair").token), reason="没有坏")
    finish(small, "hand_over")
    clock.move(days=31)
    small.start("ann", office="south")
    small.complete("check", user="root")
    small.complete("repair", user="root")
    found = judged(small.engine)
    assert plain(found.by_clause) == {"5.1": (4, 3), "5.2": (2, 0), "6": (2, 0)}
    assert plain(found.by_office) == {"north": (3, 1), "south": (3, 2)}
    assert plain(found.by_month) == {"2026-03": (3, 1), "2026-04": (3, 2)}
    assert (found.by_cell["5.1", "2026-04"].executions, found.by_cell["5.1", "2026-04"].share) == (2, 1.0)
    assert (found.total.executions, found.total.deviating) == (6, 3)
    assert [each.case.office for each in judged(small.engine, office="north").deviations] == ["north"]
    assert judged(small.engine, since=clock.now - timedelta(days=1)).looked == 1


def test_execution_with_two_deviations_counts_once(small: Small, clock: Clock) -> None:
    small.deploy(LATE)
    small.start()
    clock.move(hours=5)
    small.run()
    small.complete("check", user="root")
    found = judged(small.engine)
    assert sorted(each.kind for each in found.deviations) == ["late", "wrong_role"]
    assert (found.total.executions, found.total.deviating) == (1, 1)


def test_only_the_newest_cases_are_judged_and_it_says_so(small: Small, clock: Clock) -> None:
    small.deploy(way("check"))
    for _ in range(3):
        newest = small.start()
        clock.move(hours=1)
    for _ in range(3):
        small.complete("check", user="root")
    with small.engine.reading(SYSTEM) as uow:
        found = conformance.conformance(uow, Wanted(), most=2)
        assert not conformance.conformance(uow, Wanted(), most=3).is_partial
    assert (found.looked, found.is_partial, len(found.deviations)) == (2, True, 2)
    assert newest in {each.case.id for each in found.deviations}


def test_deviations_come_newest_first_and_always_in_the_same_order(small: Small, clock: Clock) -> None:
    small.deploy(diagram(start(), node("parallelGateway", "both"), step("one", "1"), step("two", "2"), end(), end("over"),
                         flows("begin", "both", "one", "done"), flows("both", "two", "over")))
    for _ in range(2):
        small.start()
        clock.move(hours=1)
    for each in ("one", "two", "one", "two"):
        small.complete(each, user="root")
    keys = [each.key for each in judged(small.engine).deviations]
    assert keys == sorted(keys)
    assert len(set(keys)) == 4
    assert keys == [each.key for each in judged(small.engine).deviations]


@pytest.mark.parametrize(("text", "clauses"), [
    ("5.1.15 n4, n6; 5.1.7", ("5.1.15 n4", "5.1.15 n6", "5.1.7")), ("5.1.17 n4b, 5.1.17 n4c", ("5.1.17 n4b", "5.1.17 n4c")),
    ("6", ("6",)), ("", ()), ("5.5.2, 5.5.2", ("5.5.2",))])
def test_clauses_are_read_as_they_are_written(small: Small, text: str, clauses: tuple[str, ...]) -> None:
    small.deploy(diagram(start(), step("check", text) if text else user("check"), end(), flows("begin", "check", "done")))
    with small.engine.reading(SYSTEM) as uow:
        element = procedures.in_effect(uow)["case"].process.elements["check"]
    assert procedures.clauses(element) == clauses


@pytest.mark.parametrize(("clause", "wider", "is_within"), [
    ("5.1.15 n4", "5.1.15", True), ("5.1.15", "5.1.15", True), ("5.1.10", "5.1.1", False), ("5.5.1b", "5.5.1", True),
    ("5.5.1", "5.5", True), ("5.1.17 n4a", "5.1.17 n4", True), ("5.1", "5.1.1", False)])
def test_part_of_a_clause_is_within_it(clause: str, wider: str, is_within: bool) -> None:
    assert procedures.is_within(clause, wider) is is_within


def join(small: Small, user_id: str, memberships: frozenset[tuple[str, str]]) -> None:
    """Give a user these memberships, as an administrator does."""
    def change(uow: Any) -> None:
        row = identity.user(uow, user_id)
        before = organization.profile(uow, row)
        wanted = organization.Profile(before.name, before.name_en, before.email, before.language, before.is_admin,
                                      before.sees_all, before.acts_everywhere, memberships)
        organization.change_user(uow, user_id, wanted, revision=None)

    small.do("root", change)
