"""Notices: told with the deed, once, to those who did not do it; seen when they say so."""

import threading
from datetime import datetime, timedelta

import pytest

from engine import chores, notices, reminders, settings_of_people, substitutions, tasks, watching
from engine.unit_of_work import ProcessEngine, UnitOfWork
from tests.conftest import Clock, open_engine
from tests.database.mailing import bodies, mails, wants, working
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small


def tell(uow: UnitOfWork, user: str, subject: str = "s", **more: object) -> None:
    notices.tell(uow, user, "assigned", subject=subject, **more)  # type: ignore[arg-type]


def words(uow: UnitOfWork, language: str = "en") -> list[str]:
    return [each.words(language) for each in notices.recent(uow, 10)]


def test_the_same_is_told_once(small: Small):
    for _ in range(2):
        small.do("ann", tell, "bob")
    assert small.do("bob", notices.unseen) == 1


def test_nobody_is_told_of_their_own_deed(small: Small):
    small.do("ann", tell, "ann")
    assert small.do("ann", notices.unseen) == 0


def test_who_is_unknown_or_gone_is_told_nothing(small: Small):
    small.do("ann", tell, "nobody")


def test_a_seen_notice_counts_no_more_and_stays_in_the_list(small: Small):
    small.do("ann", tell, "bob", "one")
    small.do("ann", tell, "bob", "two")
    first = small.do("bob", notices.recent, 1)[0]
    small.do("ann", notices.mark_seen, [first.id])  # another's
    assert small.do("bob", notices.unseen) == 2
    small.do("bob", notices.mark_seen, [first.id])
    assert small.do("bob", notices.unseen) == 1
    small.do("bob", notices.mark_seen, None)
    assert small.do("bob", notices.unseen) == 0
    assert len(small.do("bob", notices.recent, 10)) == 2


def test_older_notices_follow_by_key(small: Small):
    for number in range(5):
        small.do("ann", tell, "bob", str(number))
    first = small.do("bob", notices.recent, 3)
    rest = small.do("bob", notices.recent, 3, before=first[-1].key)
    assert len({each.id for each in (*first, *rest)}) == 5


def test_a_notice_says_who_did_what(small: Small):
    small.do("ann", tell, "bob", case="C-1", task="Repair")
    assert small.do("bob", words) == ["ann assigned you “Repair” of case C-1"]
    assert small.do("bob", words, "zh") == ["ann把工单 C-1 的任务“Repair”指派给您"]


def test_a_choice_is_kept_and_replaced_and_forgotten(small: Small):
    small.do("ann", settings_of_people.choose, "columns", ["due"])
    small.do("ann", settings_of_people.choose, "columns", ["due", "case"])
    assert small.do("ann", settings_of_people.chosen, "columns", []) == ["due", "case"]
    assert small.do("bob", settings_of_people.chosen, "columns", []) == []
    small.do("ann", settings_of_people.choose, "columns", None)
    assert small.do("ann", settings_of_people.chosen, "columns", []) == []


# ------------------------------------------------------------------ mail
def test_nothing_is_mailed_unless_chosen(small: Small):
    wants(small, "bob", late="now")
    small.do("ann", tell, "bob")
    assert mails(small) == []


def test_a_mail_is_in_the_readers_language_leads_there_and_says_how_to_stop_it(small: Small):
    wants(small, "bob", language="zh", assigned="now")
    small.do("ann", tell, "bob", case="C-1", task="修理", reason="下班了")
    assert [(to, subject) for to, subject, _ in mails(small)] == [("bob", "ann把工单 C-1 的任务“修理”指派给您")]
    notice = small.do("bob", notices.recent, 1)[0]
    body = bodies(small)[0]
    assert f"http://127.0.0.1:8000/notices/{notice.id}" in body
    assert "下班了" in body
    assert "http://127.0.0.1:8000/me" in body


def test_a_mail_told_in_working_hours_goes_at_once(small: Small, clock: Clock):
    working(small)
    wants(small, "bob", assigned="now")
    small.do("ann", tell, "bob")
    assert [at for _, _, at in mails(small)] == [clock.now]


@pytest.mark.parametrize(("told", "goes"), [
    ("2026-03-02T22:30+08:00", "2026-03-03T08:30+08:00"), ("2026-03-06T17:30+08:00", "2026-03-09T08:30+08:00"),
    ("2026-03-02T06:00+08:00", "2026-03-02T08:30+08:00"), ("2026-10-01T09:00+08:00", "2026-10-08T08:30+08:00"),
])
def test_nothing_is_mailed_at_night(small: Small, clock: Clock, told: str, goes: str):
    working(small)
    wants(small, "bob", assigned="now")
    clock.set(datetime.fromisoformat(told))
    small.do("ann", tell, "bob")
    assert [at for _, _, at in mails(small)] == [datetime.fromisoformat(goes)]


# ------------------------------------------------------------------ watched cases
TWO = diagram(start(), user("one"), user("two"), end(), flows("begin", "one", "two", "done"))


def test_a_watched_case_that_moves_on_is_one_unseen_notice(small: Small):
    small.deploy(TWO)
    case = small.start()
    small.do("bob", watching.watch, case)
    small.complete("one")
    number = small.case(case).business_key
    assert small.do("bob", words) == [f"Case {number}, which you watch, moved on"]
    small.complete("two")
    assert small.do("bob", words) == [f"Case {number}, which you watch, has ended"]
    assert small.do("bob", notices.unseen) == 1
    assert small.do("ann", notices.unseen) == 0


def test_a_watched_case_is_told_again_once_it_was_seen(small: Small):
    wants(small, "bob", watched="now")
    small.deploy(TWO)
    case = small.start()
    small.do("bob", watching.watch, case)
    small.complete("one")
    small.do("bob", notices.mark_seen, None)
    small.complete("two")
    assert small.do("bob", notices.unseen) == 1
    assert len(mails(small)) == 2


def test_who_moves_a_watched_case_on_is_told_nothing(small: Small):
    small.deploy(TWO)
    small.do("ann", watching.watch, small.start())
    small.complete("one", "ann")
    assert small.do("ann", notices.unseen) == 0


# ------------------------------------------------------------------ late
DUE = diagram(start(), user("work", "engineers", camunda_dueDate="PT2H"), end(), flows("begin", "work", "done"),
              starters="engineers")


def late(small: Small) -> None:
    chores.run_due(small.engine, {"late": chores.CHORES["late"]})


def test_a_task_of_mine_that_falls_due_is_told_once_at_that_time(small: Small, clock: Clock):
    small.deploy(DUE)
    number = small.case(small.start("eva", office="north")).business_key
    small.do("eva", tasks.claim, small.task("work").id)
    late(small)
    clock.move(minutes=119)
    late(small)
    assert small.do("eva", notices.unseen) == 0
    clock.move(minutes=1)
    for _ in range(2):
        late(small)
        clock.move(minutes=1)
    assert small.do("eva", words) == [f"“work” of case {number} is late"]
    assert small.do("lea", notices.unseen) == 0


def test_an_unclaimed_task_that_falls_due_is_told_to_the_leads_of_its_office(small: Small, clock: Clock):
    small.deploy(DUE)
    late(small)
    number = small.case(small.start("eva", office="north")).business_key
    small.start("eli", office="south")
    clock.move(hours=3)
    late(small)
    assert small.do("lea", words) == [f"“work” of case {number} is late and nobody has claimed it"]
    assert small.do("eva", notices.unseen) == 0


def test_the_substitute_of_an_absent_person_is_told_what_fell_due_too(small: Small, clock: Clock):
    small.deploy(DUE)
    small.start("eva", office="north")
    small.do("eva", tasks.claim, small.task("work").id)
    small.do("eva", substitutions.enter, "eva", substitute="lea", from_at=clock.now, until_at=clock.now + timedelta(days=1),
             reason="休假")
    late(small)
    clock.move(hours=3)
    late(small)
    assert small.do("lea", words)[0].endswith("is late; you stand in for eva")


# ------------------------------------------------------------------ the weekly digest
MONDAY_MORNING = "2026-03-09T08:30+08:00"


def digest(engine: ProcessEngine) -> list[str]:
    return chores.run_due(engine, {"digest": chores.CHORES["digest"]})


def test_two_workers_send_one_digest(small: Small, empty_url: str, clock: Clock):
    working(small)
    wants(small, "eva", digest=True, assigned="digest")
    wants(small, "bob", digest=False)
    small.deploy(DUE)
    small.start("eva", office="north")
    small.do("eva", tasks.claim, small.task("work").id)
    assert digest(small.engine) == ["digest"]  # the first time it only begins to count
    clock.move(minutes=1)
    small.do("ann", tell, "eva", case="C-9", task="x")
    clock.set(datetime.fromisoformat("2026-03-09T08:29+08:00"))
    assert digest(small.engine) == []
    clock.set(datetime.fromisoformat(MONDAY_MORNING))
    workers, sent, begin = [open_engine(empty_url, clock) for _ in range(2)], [], threading.Barrier(2)

    def work(engine: ProcessEngine) -> None:
        begin.wait()
        sent.extend(digest(engine))

    threads = [threading.Thread(target=work, args=(engine,)) for engine in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in workers:
        engine.close()
    assert sent == ["digest"]
    assert [(to, subject) for to, subject, _ in mails(small)] == [("eva", "This week: 1 open tasks of yours, 1 of them late")]
    assert "ann assigned you “x” of case C-9" in bodies(small)[0]
    assert "LATE" in bodies(small)[0]


def test_a_digest_with_nothing_to_say_is_not_sent(small: Small, clock: Clock):
    working(small)
    wants(small, "eva", digest=True)
    digest(small.engine)
    clock.set(datetime.fromisoformat(MONDAY_MORNING))
    assert digest(small.engine) == ["digest"]
    assert mails(small) == []


def test_a_digest_on_a_holiday_waits_for_the_next_working_day(small: Small, clock: Clock):
    working(small)
    clock.set(datetime.fromisoformat("2026-04-29T10:00+08:00"))
    assert small.do("ann", reminders.next_digest) == datetime.fromisoformat("2026-05-06T08:30+08:00")
