"""Absence: a substitute does what the absent person could, on the record as "B for A", and separation of duties holds."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import duties, identity, notices, substitutions, tasks
from engine.errors import AlreadyChanged, Conflict, EngineError, Forbidden, InvalidValue
from engine.tables import history_event, process_instance, substitution, task
from engine.unit_of_work import SYSTEM, UnitOfWork
from tests.conftest import MONDAY, Clock
from tests.diagram_text import diagram, end, flows, properties, start, user
from tests.small_company import Small

DAY = timedelta(days=1)
MINE = diagram(start(), user("work", "engineers"), end(), flows("begin", "work", "done"), starters="engineers")
NAMED = diagram(start(), user("work", "", camunda_assignee="eva"), end(), flows("begin", "work", "done"), starters="engineers")
APPROVED = diagram(start(), user("quote"), user("approve", inner=properties(not_by="quote")), end(),
                   flows("begin", "quote", "approve", "done"))


@pytest.fixture
def crew(small: Small) -> Small:
    """`eve` and `edd` are engineers in the north too, besides `eva`; `cat` is staff, as `ann` and `bob` are."""
    with small.engine.transaction(SYSTEM) as uow:
        for name, held in (("eve", ("engineers", "north")), ("edd", ("engineers", "north")), ("cat", ("staff", ""))):
            identity.create_user(uow, name, name=name, hashed="", memberships=[held])
    return small


def absent(small: Small, who: str, substitute: str, *, by: str = "", begin: datetime = MONDAY, days: float = 2) -> str:
    return str(small.do(by or who, substitutions.enter, who, substitute=substitute, from_at=begin, until_at=begin + days * DAY,
                        reason="培训"))


def leave_group(small: Small, who: str) -> None:
    """Only as a substitute can they do the work from here on."""
    with small.engine.transaction(SYSTEM) as uow:
        uow.execute(sa.text("DELETE FROM membership WHERE user_id = :who").bindparams(who=who))


def done(small: Small, element: str) -> Any:
    return small.rows(sa.select(task).where(task.c.element == element, task.c.state == "completed"))[0]


def recorded(small: Small) -> list[tuple[str, str, str | None]]:
    rows = small.rows(sa.select(history_event).where(history_event.c.command.in_(["claim", "complete"])).order_by(
        history_event.c.seq))
    return [(row.command, row.actor, row.on_behalf_of) for row in rows]


def refused(small: Small, code: str, kind: type[EngineError], *arguments: Any, **named: Any) -> EngineError:
    with pytest.raises(kind) as problem:
        small.do(*arguments, **named)
    assert problem.value.code == code
    return problem.value


# ------------------------------------------------------------------ doing
def test_a_substitute_completes_what_is_assigned_to_the_absent_person_and_the_record_says_for_whom(crew: Small):
    crew.deploy(NAMED)
    crew.start("eva")
    absent(crew, "eva", "eve")
    crew.complete("work", "eve")
    assert recorded(crew) == [("complete", "eve", "eva")]
    assert (done(crew, "work").completed_by, done(crew, "work").completed_for) == ("eve", "eva")


def test_a_substitute_claims_from_the_absent_persons_groups_and_completes_it_for_them(crew: Small, clock: Clock):
    crew.deploy(MINE)
    crew.start("eva", office="north")
    absent(crew, "eva", "eve")
    leave_group(crew, "eve")
    crew.do("eve", tasks.claim, crew.task("work").id)
    clock.move(days=3)  # the absence is over; what was begun for somebody is finished for them
    crew.complete("work", "eve")
    assert recorded(crew) == [("claim", "eve", "eva"), ("complete", "eve", "eva")]
    assert done(crew, "work").completed_for == "eva"


def test_a_substitute_takes_over_what_the_absent_person_had_claimed(crew: Small):
    crew.deploy(MINE)
    crew.start("eva", office="north")
    crew.do("eva", tasks.claim, crew.task("work").id)
    refused(crew, "task_claimed", AlreadyChanged, "eve", tasks.claim, crew.task("work").id)
    absent(crew, "eva", "eve")
    crew.do("eve", tasks.claim, crew.task("work").id)
    assert (crew.task("work").assignee, crew.task("work").completed_for) == ("eve", "eva")


def test_who_could_do_it_in_their_own_right_acts_as_themselves(crew: Small):
    crew.deploy(MINE)
    crew.start("eva", office="north")
    absent(crew, "eva", "eve")
    crew.complete("work", "eve")
    assert recorded(crew) == [("complete", "eve", None)]
    assert done(crew, "work").completed_for is None


def test_nothing_passes_on_before_after_or_when_it_ended_early(crew: Small, clock: Clock):
    crew.deploy(NAMED)
    crew.start("eva")
    absence = absent(crew, "eva", "eve", begin=MONDAY + DAY)
    work = crew.task("work").id
    refused(crew, "task_claimed", AlreadyChanged, "eve", tasks.complete, work)
    clock.move(days=1)
    assert crew.do("eve", _stands_for) == ["eva"]
    crew.do("eva", substitutions.end, absence)
    assert crew.do("eve", _stands_for) == []
    refused(crew, "absence_over", Conflict, "eva", substitutions.end, absence)
    absent(crew, "eva", "eve", begin=clock.now)
    clock.move(days=2)
    refused(crew, "task_claimed", AlreadyChanged, "eve", tasks.complete, work)


def _stands_for(uow: UnitOfWork) -> list[str]:
    return sorted(uow.actor.stands_for)


def test_a_substitute_of_a_substitute_gains_nothing(crew: Small):
    crew.deploy(NAMED)
    crew.start("eva")
    absent(crew, "eva", "eve")
    absent(crew, "eve", "edd")
    assert crew.do("edd", _stands_for) == ["eve"]
    refused(crew, "task_claimed", AlreadyChanged, "edd", tasks.complete, crew.task("work").id)


def test_a_substitute_sees_the_cases_of_the_absent_person(crew: Small):
    crew.deploy(NAMED)
    case = crew.case(crew.start("eva"))
    leave_group(crew, "eli")
    assert not crew.do("eli", identity.may_see, case)
    with crew.engine.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(substitution).values(
            id="s", user_id="eva", substitute_id="eli", from_at=MONDAY, until_at=MONDAY + DAY, reason="x", created_by="eva",
            created_at=MONDAY))
    assert crew.do("eli", identity.may_see, case)
    assert crew.do("eli", _seen) == 1


def _seen(uow: UnitOfWork) -> int:
    return len(uow.rows(sa.select(process_instance.c.id).where(identity.seen_cases(uow.actor))))


def test_the_rights_of_a_lead_do_not_pass_on(crew: Small):
    crew.deploy(MINE)
    crew.start("eva", office="north")
    with crew.engine.transaction(SYSTEM) as uow:
        identity.create_user(uow, "lou", name="lou", hashed="", memberships=[("engineers", "north")])
        uow.execute(sa.text("INSERT INTO membership (user_id, group_id, office) VALUES ('lea', 'engineers', 'north')"))
    absent(crew, "lea", "lou")
    refused(crew, "may_not_assign", Forbidden, "lou", tasks.assign, crew.task("work").id, assignee="eva")
    assert not crew.do("lou", identity.may_intervene, crew.case(crew.task("work").instance_id))
    refused(crew, "may_not_enter_absence", Forbidden, "lou", substitutions.enter, "eva", substitute="eve", from_at=MONDAY,
            until_at=MONDAY + DAY, reason="x")


# ------------------------------------------------------------------ separation of duties
@pytest.fixture
def approving(crew: Small) -> Small:
    crew.deploy(APPROVED)
    crew.start("ann")
    return crew


def test_a_substitute_may_not_approve_what_the_absent_person_quoted(approving: Small):
    approving.complete("quote", "ann")
    absent(approving, "ann", "bob")
    leave_group(approving, "bob")
    refused(approving, "may_not_work_on", Forbidden, "bob", tasks.complete, approving.task("approve").id)
    refused(approving, "may_not_work_on", Forbidden, "bob", tasks.claim, approving.task("approve").id)


def test_who_quoted_may_not_approve_for_somebody_absent(approving: Small):
    approving.complete("quote", "bob")
    absent(approving, "ann", "bob")
    refused(approving, "may_not_work_on", Forbidden, "bob", tasks.complete, approving.task("approve").id)


def test_neither_may_approve_what_one_quoted_for_the_other(approving: Small):
    absent(approving, "ann", "bob", days=1)
    leave_group(approving, "bob")
    approving.complete("quote", "bob")
    assert done(approving, "quote").completed_for == "ann"
    refused(approving, "may_not_work_on", Forbidden, "bob", tasks.complete, approving.task("approve").id)
    refused(approving, "may_not_work_on", Forbidden, "ann", tasks.complete, approving.task("approve").id)
    approving.complete("approve", "cat")


def test_a_claim_for_somebody_does_not_outlive_a_rule_that_keeps_them_away(approving: Small):
    """Claimed for ann before anything kept her away; assigned and completed by others, the rule still reads both names."""
    absent(approving, "ann", "bob")
    leave_group(approving, "bob")
    approving.do("bob", tasks.claim, approving.task("quote").id)
    approving.complete("quote", "bob")
    assert approving.do("cat", duties.excluded, approving.task("approve")) == {"ann", "bob"}


# ------------------------------------------------------------------ entering
@pytest.mark.parametrize(("code", "change"), [
    ("absence_order", {"until_at": MONDAY}), ("absence_past", {"from_at": MONDAY - 2 * DAY}),
    ("absence_past", {"from_at": MONDAY - DAY / 2, "until_at": MONDAY}), ("absence_too_long", {"until_at": MONDAY + 400 * DAY}),
    ("reason_missing", {"reason": "  "}), ("substitute", {"substitute": "eva"}), ("substitute", {"substitute": "eli"}),
    ("substitute", {"substitute": "ann"}), ("substitute", {"substitute": "nobody"}),
])
def test_an_absence_that_cannot_be_is_refused(crew: Small, code: str, change: dict[str, Any]):
    asked = {"substitute": "eve", "from_at": MONDAY, "until_at": MONDAY + DAY, "reason": "培训"} | change
    refused(crew, code, InvalidValue, "eva", substitutions.enter, "eva", **asked)


def test_a_person_has_one_substitute_at_a_time_who_is_there(crew: Small):
    first = absent(crew, "eva", "eve", days=2)
    asked = {"from_at": MONDAY + DAY, "until_at": MONDAY + 3 * DAY, "reason": "x"}
    refused(crew, "absence_overlaps", Conflict, "eva", substitutions.enter, "eva", substitute="edd", **asked)
    refused(crew, "substitute_absent", Conflict, "edd", substitutions.enter, "edd", substitute="eva", **asked)
    crew.do("eva", substitutions.end, first)
    crew.do("eva", substitutions.enter, "eva", substitute="edd", **asked)


def test_leads_enter_the_absence_of_their_people_and_administrators_anybodys(crew: Small):
    absent(crew, "eva", "eve", by="lea")
    refused(crew, "may_not_enter_absence", Forbidden, "lea", substitutions.enter, "eli", substitute="eve", from_at=MONDAY,
            until_at=MONDAY + DAY, reason="x")
    refused(crew, "may_not_enter_absence", Forbidden, "eve", substitutions.enter, "edd", substitute="eve", from_at=MONDAY,
            until_at=MONDAY + DAY, reason="x")
    absent(crew, "edd", "lea", by="root")
    assert [(row.user_id, row.substitute_id) for row in crew.do("lea", substitutions.led)] == [("edd", "lea"), ("eva", "eve")]
    assert [row.user_id for row in crew.do("lea", substitutions.by, "lea")] == ["edd"]


def test_the_substitute_is_told_when_it_begins_and_when_it_ends_early(crew: Small):
    absence = absent(crew, "eva", "eve")
    crew.do("eva", substitutions.end, absence)
    told = [each.words("en") for each in crew.do("eve", notices.recent, 5)]
    assert sorted(told) == ["You no longer stand in for eva: it ended early",
                            "You stand in for eva from 2026-03-02 09:00 to 2026-03-04 09:00"]
    changes = crew.rows(sa.select(history_event.c.command).where(history_event.c.element == "user:eva"))
    assert sorted(row.command for row in changes) == ["end_absence", "enter_absence"]


def test_an_account_takes_one_statement(crew: Small):
    absent(crew, "eva", "eve")
    asked: list[str] = []
    sa.event.listen(crew.engine.database, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with crew.engine.reading(SYSTEM) as uow:
        identity.account(uow, "eve")
    assert len([text for text in asked if text.lstrip().upper().startswith("SELECT")]) == 1
