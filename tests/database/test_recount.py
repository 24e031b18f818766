"""A changed calendar: deadlines that wait are counted again, each from its own beginning, and their tasks with them."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine import calendar_changes, calendars, canonical, instances, jobs, recounting, tasks
from engine.tables import history_body, history_event, job, task, task_candidate
from engine.unit_of_work import SYSTEM
from tests.conftest import Clock
from tests.diagram_text import boundary, diagram, end, flows, properties, start, timer, user
from tests.small_company import Small

FRIDAY, MONDAY, SATURDAY = date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 7)  # the clock stands on Monday, 2 March, 09:00


def deadline(text: str = "PT40H", *, calendar: str = "default", kind: str = "timeDuration") -> bytes:
    """A task whose due date is a deadline in working time: 40 hours of 8 are five days."""
    named = {"calendar": calendar} if calendar else {}
    late = boundary("late", "serve", timer(text, kind), interrupts=False, before=properties(deadline="true", **named))
    return diagram(start(), user("serve"), late, user("escalate"), end(),
                   flows("begin", "serve", "done") + flows("late", "escalate", "done"))


@pytest.fixture
def calendar(small: Small) -> None:
    with small.engine.transaction(SYSTEM) as uow:
        calendars.seed(uow, 2026, 2026)


def armed(small: Small) -> sa.Row:
    return small.rows(sa.select(job).where(job.c.kind == "timer", job.c.state == "open"))[0]


def free(small: Small, day: date = FRIDAY, *, is_working: bool = False) -> None:
    small.do("root", calendar_changes.change_days, {day: (is_working, "made up")})


def recounts(small: Small) -> list[dict]:
    query = sa.select(history_body.c.body).join(history_event, sa.and_(
        history_event.c.instance_id == history_body.c.instance_id, history_event.c.seq == history_body.c.seq))
    query = query.where(history_event.c.command == "recount").order_by(history_event.c.instance_id, history_event.c.seq)
    return [canonical.loads(bytes(row.body))["inputs"] for row in small.rows(query)]


def settle(small: Small, clock: Clock) -> None:
    """Run what is due, and the second look that comes a minute later."""
    small.run()
    clock.move(minutes=2)
    small.run()


@pytest.fixture
def case(small: Small, calendar: None) -> str:
    small.deploy(deadline())
    return str(small.start())


@pytest.mark.parametrize(("day", "days"), [(FRIDAY, 1), (SATURDAY, -2)])
def test_holiday_or_workday_moves_the_timer_its_task_and_every_list(small: Small, case: str, clock: Clock, day: date,
                                                                    days: int) -> None:
    before = armed(small)
    free(small, day, is_working=day == SATURDAY)
    settle(small, clock)
    after, there = armed(small), small.task("serve")
    assert after.due_at - before.due_at == timedelta(days=days)
    assert (there.due_at, there.sort_due) == (after.due_at, after.due_at)
    assert [row.sort_due for row in small.rows(sa.select(task_candidate))] == [after.due_at]
    assert canonical.loads(after.timer)["revision"] == 2


def test_workday_makes_a_deadline_behind_it_earlier(small: Small, calendar: None, clock: Clock) -> None:
    small.deploy(deadline("P6D"))
    small.start()
    assert armed(small).due_at == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    free(small, SATURDAY, is_working=True)
    settle(small, clock)
    assert armed(small).due_at == small.task("serve").due_at == datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
    [told] = recounts(small)
    assert [(each["element"], each["before"], each["after"]) for each in told["timers"]] == [
        ("late", "2026-03-10T01:00:00.000Z", "2026-03-09T01:00:00.000Z")]
    assert [each["element"] for each in told["tasks"]] == ["serve"]


def test_other_hours_move_deadlines(small: Small, case: str, clock: Clock) -> None:
    small.do("root", calendar_changes.set_hours, [["08:00", "18:00"]])
    settle(small, clock)
    assert armed(small).due_at == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)  # 9 + 10 + 10 + 10, and one hour: Friday 09:00


# ------------------------------------------------------------------ what stays
def test_timer_that_a_person_moved_stays(small: Small, case: str, clock: Clock) -> None:
    wanted = clock.now + timedelta(days=20)
    small.do("root", tasks.set_due, small.task("serve").id, due_at=wanted, reason="customer away")
    free(small)
    settle(small, clock)
    assert (armed(small).due_at, small.task("serve").due_at) == (wanted, wanted)
    assert recounts(small) == []


def test_timer_that_fired_stays_fired(small: Small, case: str, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 9, 2, 0, tzinfo=UTC))
    small.run()
    assert small.open() == ["serve", "escalate"]
    free(small, date(2026, 3, 10))
    settle(small, clock)
    assert small.open() == ["serve", "escalate"]
    assert small.rows(sa.select(job).where(job.c.kind == "timer", job.c.state == "open")) == []


def test_timer_by_the_clock_stays(small: Small, calendar: None, clock: Clock) -> None:
    small.deploy(deadline("P4D", calendar=""))
    small.start()
    before = armed(small)
    free(small)
    settle(small, clock)
    assert (armed(small).due_at, armed(small).timer) == (before.due_at, before.timer)
    assert recounts(small) == []


def test_change_that_moves_nothing_of_a_case_is_not_on_its_record(small: Small, case: str, clock: Clock) -> None:
    free(small, date(2026, 6, 5))
    settle(small, clock)
    assert canonical.loads(armed(small).timer)["revision"] == 2
    assert recounts(small) == []


# ------------------------------------------------------------------ what moves
def test_deadline_that_would_now_be_past_is_due_at_once(small: Small, case: str, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 7, 3, 0, tzinfo=UTC))  # Saturday, 11:00
    free(small, SATURDAY, is_working=True)
    small.run()
    assert small.open() == ["serve", "escalate"]
    assert small.task("serve").due_at == datetime(2026, 3, 7, 1, 0, tzinfo=UTC)


def test_suspended_case_is_counted_again_and_fires_nothing(small: Small, case: str, clock: Clock) -> None:
    small.do("root", instances.suspend, case, reason="in court")
    free(small, SATURDAY, is_working=True)
    clock.set(datetime(2026, 3, 7, 3, 0, tzinfo=UTC))
    small.run()
    assert armed(small).due_at == datetime(2026, 3, 7, 1, 0, tzinfo=UTC)
    assert small.open() == ["serve"]
    small.do("root", instances.resume, case, reason="settled")
    small.run()
    assert small.open() == ["serve", "escalate"]


def test_later_round_of_a_cycle_is_counted_from_the_round_before(small: Small, calendar: None, clock: Clock) -> None:
    small.deploy(deadline("R3/P2D", kind="timeCycle"))
    small.start()
    assert armed(small).due_at == datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
    clock.set(datetime(2026, 3, 4, 1, 0, tzinfo=UTC))
    small.run()
    assert armed(small).due_at == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    free(small, date(2026, 3, 5))
    settle(small, clock)
    assert armed(small).due_at == datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
    clock.set(datetime(2026, 3, 9, 1, 0, tzinfo=UTC))
    small.run()
    assert armed(small).due_at == datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
    assert small.open() == ["serve", "escalate", "escalate"]


def test_two_revisions_before_the_worker_comes_count_once_by_the_newest(small: Small, case: str, clock: Clock) -> None:
    free(small)
    free(small, MONDAY)
    settle(small, clock)
    assert armed(small).due_at == datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
    assert [told["revision"] for told in recounts(small)] == [3]


def test_revision_and_its_opposite_end_where_they_began(small: Small, case: str, clock: Clock) -> None:
    before = armed(small).due_at
    free(small)
    small.run()
    free(small, is_working=True)
    settle(small, clock)
    assert armed(small).due_at == before
    assert [told["revision"] for told in recounts(small)] == [2, 3]


def test_case_that_went_on_meanwhile_is_left_alone(small: Small, case: str, clock: Clock) -> None:
    free(small)
    jobs.run_due(small.engine)  # looks for cases
    small.complete("serve")
    settle(small, clock)
    assert small.case(case).ended_at is not None
    assert recounts(small) == []
    assert small.incidents() == []


def test_timer_that_a_worker_has_taken_does_not_fire_when_it_has_moved(small: Small, case: str, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 9, 1, 0, tzinfo=UTC))
    with small.engine.transaction(SYSTEM) as uow:
        taken = uow.execute(sa.update(job).where(job.c.kind == "timer").values(
            lease_until=uow.now + jobs.LEASE, fence=job.c.fence + 1).returning(job)).one()
    free(small, MONDAY)
    small.run()
    jobs.run_claimed(small.engine, taken)
    assert small.open() == ["serve"]
    assert armed(small).due_at == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def test_only_the_timer_that_moves_makes_its_task_later(small: Small, calendar: None, clock: Clock) -> None:
    """Two deadlines on one task: it is due at the earlier one, before and after."""
    firm = boundary("firm", "serve", timer("P8D"), interrupts=False, before=properties(deadline="true"))
    worked = boundary("worked", "serve", timer("P5D"), interrupts=False, before=properties(deadline="true", calendar="default"))
    small.deploy(diagram(start(), user("serve"), firm, worked, user("a"), user("b"), end(),
                         flows("begin", "serve", "done") + flows("firm", "a", "done") + flows("worked", "b", "done")))
    small.start()
    assert small.task("serve").due_at == datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
    small.do("root", calendar_changes.change_days, {FRIDAY: (False, "x"), MONDAY: (False, "x")})
    settle(small, clock)
    assert small.task("serve").due_at == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # the firm one is now the earlier


def test_more_cases_than_one_look_takes_are_all_counted(small: Small, case: str, clock: Clock,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounting, "BATCH", 2)
    for _ in range(4):
        small.start()
    free(small)
    settle(small, clock)
    assert len(recounts(small)) == 5
    assert {row.due_at for row in small.rows(sa.select(task).where(task.c.element == "serve"))} == {
        datetime(2026, 3, 10, 1, 0, tzinfo=UTC)}


# ------------------------------------------------------------------ what fails
def test_count_that_fails_becomes_an_incident_and_is_tried_again(small: Small, case: str, clock: Clock) -> None:
    timer_id, facts = armed(small).id, canonical.loads(armed(small).timer)
    spoil(small, timer_id, {**facts, "text": "soon"})
    free(small)
    for _ in range(5):
        small.run()
        clock.move(minutes=11)
    [found] = small.incidents()
    assert (found.instance_id, found.kind) == (case, "failedJob")
    with small.engine.reading(SYSTEM) as uow:
        assert recounting.progress(uow) == recounting.Progress(0, 1, is_looking=False)
    spoil(small, timer_id, facts)
    small.do("root", jobs.retry, found.id)
    small.run()
    assert small.incidents() == []
    assert armed(small).due_at == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def spoil(small: Small, timer_id: str, facts: dict) -> None:
    with small.engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(job).where(job.c.id == timer_id).values(timer=canonical.dumps(facts)))


def test_worker_that_dies_in_the_middle_leaves_the_case_to_the_next_one(small: Small, case: str, clock: Clock) -> None:
    free(small)
    jobs.run_due(small.engine)
    with small.engine.transaction(SYSTEM) as uow:  # a worker takes the job and is gone
        uow.execute(sa.update(job).where(job.c.kind == "recount", job.c.state == "open", job.c.instance_id == case).values(
            lease_until=uow.now + jobs.LEASE, fence=job.c.fence + 1))
    small.run()
    assert recounts(small) == []
    clock.move(minutes=6)
    small.run()
    assert armed(small).due_at == datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


# ------------------------------------------------------------------ said beforehand
def test_effect_says_what_will_move_and_writes_nothing(small: Small, case: str, clock: Clock) -> None:
    small.start()
    clock.set(datetime(2026, 3, 7, 3, 0, tzinfo=UTC))
    small.start()
    with small.engine.reading(SYSTEM) as uow:
        workday = recounting.effect(uow, calendar_changes.check_days(uow, {SATURDAY: (True, "x")}))
        nothing = recounting.effect(uow, calendar_changes.check_days(uow, {date(2026, 6, 5): (False, "x")}))
    assert (workday.deadlines, workday.cases, workday.at_once, workday.is_partial) == (3, 3, 2, False)
    assert (nothing.deadlines, nothing.cases) == (0, 0)
    assert recounts(small) == []


def test_effect_is_partial_where_there_are_more(small: Small, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounting, "LOOKED_AT", 1)
    small.start()
    with small.engine.reading(SYSTEM) as uow:
        found = recounting.effect(uow, calendar_changes.check_days(uow, {FRIDAY: (False, "x")}))
    assert (found.deadlines, found.is_partial) == (1, True)


def test_progress_counts_cases_that_wait(small: Small, case: str, clock: Clock) -> None:
    free(small)
    with small.engine.reading(SYSTEM) as uow:
        assert recounting.progress(uow) == recounting.Progress(0, 0, is_looking=True)
    jobs.run_due(small.engine)
    with small.engine.reading(SYSTEM) as uow:
        assert recounting.progress(uow) == recounting.Progress(1, 0, is_looking=False)
    small.run()
    with small.engine.reading(SYSTEM) as uow:
        assert recounting.progress(uow) == recounting.Progress(0, 0, is_looking=False)
