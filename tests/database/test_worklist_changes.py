"""The change probe: its stamp is another one when a list of mine may have changed, and stays for strangers' work."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import identity, ids, instances, tasks, watching, worklist_changes
from engine.chores import CHORES
from engine.tables import notice, worklist_change
from engine.unit_of_work import SYSTEM
from tests.conftest import Clock
from tests.diagram_text import boundary, diagram, end, flows, start, timer, user
from tests.small_company import Small

VISIT = diagram(start(), user("visit", "engineers", camunda_dueDate="${due}"), boundary("late", "visit", timer("PT4H")),
                user("check", "staff"), end(), end("gone"), flows("begin", "visit", "check", "done"), flows("late", "gone"),
                starters="staff,engineers")
EVERYONE = ("ann", "eva", "eli", "lea", "root")
START = {"office": "north", "variables": {"due": "2026-03-09T09:00:00+08:00"}}


def stamps(small: Small) -> dict[str, str]:
    return {who: small.do(who, worklist_changes.stamp) for who in EVERYONE}


def told(small: Small, act: Callable[[], object]) -> set[str]:
    """Whose stamp is another one after `act`."""
    before = stamps(small)
    act()
    after = stamps(small)
    return {who for who in EVERYONE if before[who] != after[who]}


@pytest.fixture
def ready(small: Small) -> Small:
    """A case in the north waits for its visit."""
    small.deploy(VISIT)
    small.start(**START)
    return small


def test_a_stamp_stays_while_nothing_happens(ready: Small, clock: Clock):
    assert told(ready, lambda: clock.move(minutes=5)) == set()


def test_a_new_task_is_told_to_its_group_in_its_office_and_to_who_leads_it(ready: Small):
    assert told(ready, lambda: ready.start(**START)) == {"eva", "lea", "root"}


def test_strangers_work_is_not_told(ready: Small):
    assert told(ready, lambda: ready.start(**{**START, "office": "south"})) == {"eli", "root"}


def test_a_claim_and_a_release_are_told(ready: Small):
    row = ready.task("visit")
    assert told(ready, lambda: ready.do("eva", tasks.claim, row.id)) == {"eva", "lea", "root"}
    assert told(ready, lambda: ready.do("eva", tasks.release, row.id)) == {"eva", "lea", "root"}


def test_an_assignment_is_told_to_who_had_it_and_who_gets_it(ready: Small):
    row = ready.task("visit")
    ready.do("root", tasks.assign, row.id, assignee="eva")
    ready.do("system", lambda uow: uow.execute(
        sa.text("INSERT INTO membership (user_id, group_id, office) VALUES ('eli', 'engineers', 'north')")))
    found = told(ready, lambda: ready.do("lea", tasks.assign, row.id, assignee="eli"))
    assert found == {"eva", "eli", "lea", "root"}


def test_a_completion_is_told_to_who_gets_the_next_task(ready: Small):
    assert told(ready, lambda: ready.complete("visit", "eva")) == {"ann", "eva", "lea", "root"}
    assert told(ready, lambda: ready.complete("check", "ann")) == {"ann", "lea", "root"}  # it is of her office still


def test_a_task_that_its_deadline_withdrew_is_told(ready: Small, clock: Clock):
    def fire() -> None:
        clock.move(hours=5)
        ready.run()
    assert told(ready, fire) == {"eva", "lea", "root"}


def test_an_ended_case_is_told(ready: Small):
    case = ready.task("visit").instance_id
    assert told(ready, lambda: ready.do("root", instances.terminate, case, reason="测试")) == {"eva", "lea", "root"}


def test_another_due_date_is_told(ready: Small, clock: Clock):
    row = ready.task("visit")
    later = clock.now + timedelta(days=3)
    assert told(ready, lambda: ready.do("lea", tasks.set_due, row.id, due_at=later, reason="客户出差")) >= {"eva", "lea", "root"}


def test_a_watcher_is_told_of_the_case_and_nobody_else(ready: Small):
    ready.complete("visit", "eva")
    case = ready.task("check").instance_id
    assert told(ready, lambda: ready.do("eva", watching.watch, case)) == {"eva", "root"}
    assert "eva" in told(ready, lambda: ready.do("ann", tasks.claim, ready.task("check").id))


def test_a_substitute_is_told_what_the_absent_person_would_be(ready: Small):
    def seen() -> str:
        with ready.engine.reading(SYSTEM) as uow:
            actor = replace(identity.actor(uow, "eli"), stands_for={"eva": identity.actor(uow, "eva").memberships})
        with ready.engine.reading(actor) as uow:
            return worklist_changes.stamp(uow)
    offered = seen()
    assert offered != ready.do("eli", worklist_changes.stamp)
    ready.do("eva", tasks.claim, ready.task("visit").id)
    claimed = seen()
    assert claimed != offered
    ready.complete("visit", "eva")
    assert seen() != claimed


def test_a_notice_is_told_and_so_is_that_it_was_seen(ready: Small, clock: Clock):
    def add(uow) -> None:
        uow.execute(sa.insert(notice).values(
            id=ids.new(clock.now), user_id="eva", kind="mentioned", subject="x", arguments="{}", created_at=clock.now))

    def see(uow) -> None:
        uow.execute(sa.update(notice).values(seen_at=clock.now))
    assert told(ready, lambda: ready.do("system", add)) == {"eva"}
    assert told(ready, lambda: ready.do("system", see)) == {"eva"}


def test_a_change_that_commits_late_with_an_earlier_id_is_told(ready: Small, clock: Clock):
    """A slow transaction takes its ids when it begins; others commit before it does."""
    early = ids.new(clock.now)
    clock.move(seconds=30)
    ready.start(**START)

    def commit(uow) -> None:
        uow.execute(sa.insert(worklist_change).values(id=early, audience="group:engineers@north"))
    assert told(ready, lambda: ready.do("system", commit)) == {"eva", "root"}


def test_what_is_undone_is_not_told(ready: Small):
    def fail() -> None:
        def claim_and_fail(uow) -> None:
            tasks.claim(uow, ready.task("visit").id)
            raise LookupError
        with pytest.raises(LookupError):
            ready.do("eva", claim_and_fail)
    assert told(ready, fail) == set()


def test_an_audience_is_told_once_a_transaction(ready: Small):
    rows = {row.id for row in ready.rows(sa.select(worklist_change))}
    ready.complete("visit", "eva")
    new = [row.audience for row in ready.rows(sa.select(worklist_change)) if row.id not in rows]
    assert sorted(new) == ["group:engineers@north", "group:staff@", "office:north", "user:eva"]


def test_what_is_older_than_a_day_is_pruned_by_a_chore(ready: Small, clock: Clock):
    clock.move(hours=23)
    assert ready.do("system", worklist_changes.prune) == 0
    clock.move(hours=2)
    ready.start(**START)
    assert ready.do("system", worklist_changes.prune) > 0
    assert all(row.id >= ids.first(clock.now) for row in ready.rows(sa.select(worklist_change)))
    assert "worklist_changes" in CHORES


def test_the_probe_is_one_statement(ready: Small):
    sent: list[str] = []

    def note(_c, _cursor, text, *_) -> None:
        sent.append(text)
    with ready.engine.reading(SYSTEM) as uow:
        who = identity.actor(uow, "lea")
    with ready.engine.reading(who) as uow:
        sa.event.listen(uow.connection, "before_cursor_execute", note)
        worklist_changes.stamp(uow)
    assert len([text for text in sent if text != "BEGIN"]) == 1
