"""Handing over: who may, what is told, who gets it back; and a due date that moves with its timer."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import canonical, notices, tasks
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue
from engine.tables import history_body, history_event, job, task, task_candidate
from tests.conftest import Clock
from tests.diagram_text import boundary, diagram, end, flows, properties, start, timer, user
from tests.small_company import Small


@pytest.fixture
def task_id(small: Small) -> str:
    """A task of the group `staff`, that ann and bob are in."""
    small.deploy(diagram(start(), user("write"), end(), flows("begin", "write", "done")))
    small.start()
    return str(small.task("write").id)


def row(small: Small, task_id: str):
    return small.rows(sa.select(task).where(task.c.id == task_id))[0]


def told(small: Small, who: str) -> list[str]:
    return [found.kind for found in small.do(who, notices.recent, 10)]


def inputs(small: Small, command: str) -> dict:
    event = small.rows(sa.select(history_event).where(history_event.c.command == command))[0]
    body = small.rows(sa.select(history_body.c.body).where(history_body.c.seq == event.seq))[0].body
    return canonical.loads(body)["inputs"]


def test_delegate_tells_the_other_keeps_the_owner_and_is_given_back(small: Small, task_id: str) -> None:
    small.do("ann", tasks.claim, task_id)
    small.do("ann", tasks.delegate, task_id, to="bob", reason="at a customer's")
    found = row(small, task_id)
    assert (found.assignee, found.owner, found.handed_by, found.handed_reason) == ("bob", "ann", "ann", "at a customer's")
    assert told(small, "bob") == ["delegated"]
    small.do("bob", tasks.give_back, task_id, reason="no access")
    found = row(small, task_id)
    assert (found.assignee, found.owner, found.handed_by, found.handed_reason) == ("ann", None, "bob", "no access")
    assert told(small, "ann") == ["returned"]
    assert inputs(small, "delegate")["reason"] == "at a customer's"
    assert inputs(small, "give_back")["assignee"] == "ann"


def test_who_could_claim_it_may_ask_a_colleague_at_once(small: Small, task_id: str) -> None:
    small.do("ann", tasks.delegate, task_id, to="bob", reason="your machine")
    found = row(small, task_id)
    assert (found.assignee, found.owner) == ("bob", "ann")
    assert small.rows(sa.select(task_candidate)) == []


def test_second_delegation_is_news_again(small: Small, task_id: str) -> None:
    for _ in range(2):
        small.do("ann", tasks.delegate, task_id, to="bob", reason="please")
        small.do("bob", tasks.give_back, task_id, reason="no")
    assert (told(small, "bob"), told(small, "ann")) == (["delegated"] * 2, ["returned"] * 2)


@pytest.mark.parametrize(("to", "reason", "code"), [
    ("ann", "x", "assignee"), ("eva", "x", "assignee"), ("bob", " ", "reason_missing")])
def test_delegation_to_oneself_to_who_may_not_or_without_reason_is_refused(
        small: Small, task_id: str, to: str, reason: str, code: str) -> None:
    small.do("ann", tasks.claim, task_id)
    with pytest.raises(InvalidValue) as refused:
        small.do("ann", tasks.delegate, task_id, to=to, reason=reason)
    assert refused.value.code == code
    assert row(small, task_id).assignee == "ann"


def test_another_persons_task_is_not_mine_to_delegate(small: Small, task_id: str) -> None:
    small.do("ann", tasks.claim, task_id)
    with pytest.raises(AlreadyChanged) as refused:
        small.do("bob", tasks.delegate, task_id, to="root", reason="x")
    assert refused.value.facts["who"] == "ann"


def test_what_nobody_delegated_cannot_be_given_back(small: Small, task_id: str) -> None:
    small.do("ann", tasks.claim, task_id)
    with pytest.raises(Conflict) as refused:
        small.do("ann", tasks.give_back, task_id, reason="x")
    assert refused.value.code == "not_delegated"
    with pytest.raises(Forbidden):
        small.do("bob", tasks.give_back, task_id, reason="x")


def test_assigning_tells_with_a_reason_and_release_forgets_it(small: Small, task_id: str) -> None:
    small.do("root", tasks.assign, task_id, assignee="ann", reason="you know it")
    assert (row(small, task_id).handed_by, row(small, task_id).handed_reason) == ("root", "you know it")
    assert told(small, "ann") == ["assigned"]
    small.do("ann", tasks.release, task_id)
    assert (row(small, task_id).handed_by, row(small, task_id).owner) == (None, None)


def test_stale_page_hands_nothing_over(small: Small, task_id: str) -> None:
    small.do("ann", tasks.claim, task_id)
    with pytest.raises(AlreadyChanged):
        small.do("ann", tasks.delegate, task_id, to="bob", reason="x", revision=1)


def test_open_load_counts_open_tasks_by_person(small: Small, task_id: str) -> None:
    small.start()
    small.do("ann", tasks.claim, task_id)
    assert small.do("root", tasks.open_load, ["ann", "bob"]) == {"ann": 1}


# ------------------------------------------------------------------ due dates
def test_due_date_moves_with_a_reason_for_who_leads(small: Small, task_id: str, clock: Clock) -> None:
    later = clock.now + timedelta(days=2)
    small.do("root", tasks.set_due, task_id, due_at=later, reason="customer away")
    assert (row(small, task_id).due_at, row(small, task_id).sort_due) == (later, later)
    assert small.rows(sa.select(task_candidate.c.sort_due))[0].sort_due == later
    assert inputs(small, "set_due")["reason"] == "customer away"
    with pytest.raises(Forbidden) as refused:
        small.do("ann", tasks.set_due, task_id, due_at=later, reason="x")
    assert refused.value.code == "may_not_set_due"


@pytest.mark.parametrize(("days", "code"), [(-1, "due_past"), (0, "due_past"), (4_000, "due_too_far")])
def test_past_and_absurd_due_dates_are_refused(small: Small, task_id: str, clock: Clock, days: int, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        small.do("root", tasks.set_due, task_id, due_at=clock.now + timedelta(days=days), reason="x")
    assert refused.value.code == code


def test_same_due_date_again_changes_nothing(small: Small, task_id: str, clock: Clock) -> None:
    later = clock.now + timedelta(days=2)
    for _ in range(2):
        small.do("root", tasks.set_due, task_id, due_at=later, reason="x")
    assert len(small.rows(sa.select(history_event).where(history_event.c.command == "set_due"))) == 1


def test_deadline_timer_moves_with_the_due_date_and_fires_then(small: Small, clock: Clock) -> None:
    late = boundary("late", "serve", timer("PT4H"), interrupts=False, before=properties(deadline="true"))
    small.deploy(diagram(start(), user("serve"), late, user("escalate"), end(),
                         flows("begin", "serve", "done") + flows("late", "escalate", "done")))
    small.start()
    there = small.task("serve")
    small.do("root", tasks.set_due, there.id, due_at=there.due_at + timedelta(hours=4), reason="parts come tomorrow")
    [armed] = small.rows(sa.select(job).where(job.c.kind == "timer"))
    assert armed.due_at == there.due_at + timedelta(hours=4)
    clock.move(hours=5)
    small.run()
    assert small.open() == ["serve"]
    clock.move(hours=4)
    small.run()
    assert small.open() == ["serve", "escalate"]
