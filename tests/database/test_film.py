"""The film of a case tells what its record holds: moves, entries, who intervened; what is gone is said, not hidden."""

from typing import Any

import pytest
import sqlalchemy as sa

from engine import instances, interventions, jobs, migration_plans, tasks
from engine.audit import film
from engine.audit.film import Frame
from engine.audit.intervened import Fact
from engine.errors import Forbidden, PermanentFailure
from engine.interventions import SendBack, SetVariable, Skip
from engine.tables import definition, incident, tombstone
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine
from tests.conftest import Clock
from tests.diagram_text import boundary, diagram, end, flow_if, flows, node, service, start, timer, user
from tests.film_path import destroy, filmed, ran, unlike_states, without_triggers
from tests.small_company import Small

TWO = diagram(start(), user("first"), user("second"), end(), flows("begin", "first", "second", "done"))
LOOP = diagram(start(), user("serve"), node("exclusiveGateway", "solved", default="solved_to_serve"), end(),
               flows("begin", "serve", "solved", "serve"), flow_if("solved", "done", "solved = true"))
CALLED = diagram(start("in"), user("inner"), end("out"), flows("in", "inner", "out"), key="called")
CALLING = diagram(start(), node("callActivity", "call", calledElement="called"), boundary("late", "call", timer("PT1H")),
                  end("over"), end(), flows("begin", "call", "done") + flows("late", "over"))
EACH = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="offices" camunda:elementVariable="one" />'
MANY = diagram(start(), user("ask", inner=EACH), end(), flows("begin", "ask", "done"))


def frames(small: Small, case: str, after: int = 0, limit: int = 1_000) -> list[Frame]:
    with small.engine.reading(SYSTEM) as uow:
        return film.frames(uow, case, after, limit)


def told(frame: Frame) -> list[tuple[str, str]]:
    return [(move.kind, move.element) for move in frame.moves]


def must_be_as_it_ran(small: Small, case: str) -> None:
    """Path and states of the film are those of the engine."""
    with small.engine.reading(SYSTEM) as uow:
        assert filmed(uow, case) == ran(uow, case)
        assert unlike_states(uow, case) == []


# ------------------------------------------------------------------ what moved
def test_each_event_tells_what_moved_in_order_with_the_flows_taken(small: Small) -> None:
    small.deploy(TWO)
    case = small.start()
    small.complete("first")
    begin, done = frames(small, case)
    assert told(begin) == [("entered", "begin"), ("left", "begin"), ("entered", "first")]
    assert told(done) == [("left", "first"), ("entered", "second")]
    assert [move.flows for move in done.moves] == [("first_to_second",), ()]
    assert (done.command, done.element, done.actor, done.loss) == ("complete", "first", "ann", "")
    must_be_as_it_ran(small, case)


def test_a_called_process_is_told_by_its_own_elements_and_a_deadline_takes_it_away(small: Small, clock: Clock) -> None:
    small.deploy(CALLED, CALLING)
    case = small.start()
    clock.move(hours=2)
    small.run()
    begin, deadline = frames(small, case)
    assert [move.process for move in begin.moves if move.element == "inner"] == ["called"]
    assert ("cancelled", "inner") in told(deadline)
    assert ("left", "late") in told(deadline)
    assert [fact.kind for fact in deadline.facts] == ["moment"]
    must_be_as_it_ran(small, case)


def test_every_instance_of_many_has_its_state(small: Small) -> None:
    small.deploy(MANY)
    case = small.start(variables={"offices": ["north", "south", "east"]})
    small.complete("ask")
    with small.engine.reading(SYSTEM) as uow:
        now = film.reel(uow, case, 2, 1).before
    [(element, states)] = now.many.values()
    assert (element, states) == (("case", "ask"), {0: "left", 1: "now", 2: "now"})
    must_be_as_it_ran(small, case)


def test_a_jump_into_the_middle_is_what_comes_of_folding_from_the_beginning(small: Small) -> None:
    small.deploy(LOOP)
    case = small.start()
    for number in range(film.KEYFRAME + 20):
        small.complete("serve", solved=False, number=number)
    late = film.KEYFRAME + 10
    with small.engine.reading(SYSTEM) as uow:
        jump = film.reel(uow, case, late, 5)
        small.engine.keyframes.clear()
        assert film.reel(uow, case, late, 5) == jump
        whole = film.frames(uow, case, 0, 1_000)
    assert list(jump.frames) == whole[late:late + 5]
    assert [frame.seq for frame in whole] == list(range(1, film.KEYFRAME + 22))
    assert jump.before.variables[1, "number"] == late - 2


# ------------------------------------------------------------------ what changed, and who did it
def test_entries_are_told_before_and_after(small: Small) -> None:
    small.deploy(TWO)
    case = small.start(variables={"price": 1})
    small.complete("first", price=2, note="x")
    begin, done = frames(small, case)
    assert ("price", None, 1, True) in [(one.name, one.before, one.after, one.is_new) for one in begin.changed]
    assert [(one.name, one.before, one.after, one.is_new) for one in done.changed] == [
        ("note", None, "x", True), ("price", 1, 2, False)]


def test_interventions_tell_their_reason_and_what_was_before(small: Small, clock: Clock) -> None:
    small.deploy(TWO)
    case = small.start(variables={"price": 1})
    small.do("root", interventions.intervene, case, SetVariable(1, "price", "7", "number"), reason="misread")
    small.do("root", tasks.assign, small.task("first").id, assignee="bob")
    small.do("root", tasks.set_due, small.task("first").id, due_at=clock.now.replace(hour=9), reason="agreed")
    small.do("root", interventions.intervene, case, Skip(small.task("first").token), reason="done by telephone")
    small.do("root", interventions.intervene, case, SendBack(small.task("second").token, "first", 1), reason="once more")
    small.do("root", instances.suspend, case, reason="closed")
    small.do("root", instances.resume, case, reason="open again")
    small.do("root", instances.terminate, case, reason="entered twice")
    found = frames(small, case)[1:]
    assert all(frame.is_intervention for frame in found)
    assert [frame.reason for frame in found] == [
        "misread", "", "agreed", "done by telephone", "once more", "closed", "open again", "entered twice"]
    facts = [[(fact.kind, fact.before, fact.after) for fact in frame.facts] for frame in found]
    assert facts == [
        [("variable", 1, 7)], [("person", None, "bob")], [("moment", None, clock.now.replace(hour=9).isoformat())],
        [("person", "bob", None), ("answer", None, "")], [("element", "second", "first")],
        [("status", "active", "suspended")], [("status", "suspended", "active")], [("status", "active", "terminated")]]
    must_be_as_it_ran(small, case)


def test_a_retry_tells_the_error_that_it_ends(small: Small) -> None:
    small.deploy(diagram(start(), user("first"), user("second", camunda_dueDate="${missing}"), end(),
                         flows("begin", "first", "second", "done")))
    case = small.start()
    small.complete("first")
    [stopped] = small.incidents()
    small.do("root", interventions.intervene, case, SetVariable(1, "missing", "2026-03-09", "text"), reason="forgotten")
    small.do("root", jobs.retry, stopped.id)
    failed, _, retry = frames(small, case)[1:]
    assert ("incident", "second") in told(failed)
    assert [(fact.kind, fact.subject, fact.after) for fact in retry.facts] == [("error", "second", None)]
    assert retry.facts[0].before == next(move.error for move in failed.moves if move.kind == "incident")
    must_be_as_it_ran(small, case)
    with small.engine.reading(SYSTEM) as uow:
        assert [stand.error for stand in film.reel(uow, case, 4, 1).before.tokens.values()] == [""]


def test_a_job_that_failed_before_tells_its_attempt(small: Small, clock: Clock) -> None:
    failures = [PermanentFailure("no line")]

    def sending(*_: Any) -> None:
        if failures:
            raise failures.pop()

    small.operation("sending", sending)
    small.deploy(diagram(start(), service("send", "sending"), end(), flows("begin", "send", "done")))
    case = small.start()
    small.run()
    [stopped] = small.incidents()
    small.do("root", jobs.retry, stopped.id)
    clock.move(hours=1)
    small.run()
    assert frames(small, case)[-1].facts == (Fact("attempt", "send", 1, 2),)
    assert small.rows(sa.select(incident).where(incident.c.resolved_at.is_(None))) == []


# ------------------------------------------------------------------ versions
def test_a_case_of_version_one_is_shown_on_version_one_after_version_five(small: Small) -> None:
    small.deploy(TWO)
    case = small.start()
    for number in range(2, 6):
        small.deploy(TWO.replace(b'id="second"', b'id="second" name="v%d"' % number))
    small.complete("first")
    small.complete("second")
    with small.engine.reading(SYSTEM) as uow:
        shown = {(key, version.number) for frame in film.frames(uow, case)
                 for key, version in film.definitions(uow, frame.bundle_id).items()}
    assert shown == {("case", 1)}
    assert len(small.rows(sa.select(definition.c.id).where(definition.c.key == "case"))) == 5
    must_be_as_it_ran(small, case)


def test_a_moved_case_is_shown_on_both_its_versions(small: Small) -> None:
    small.deploy(TWO)
    case = small.start()
    small.deploy(TWO.replace(b"second", b"other").replace(b"first", b"begun"))
    first, last = [row.id for row in small.rows(sa.select(definition.c.id).order_by(definition.c.version))]
    made = small.do("root", migration_plans.create, source=first, target=last, reason="better",
                    mapping={"case": {"first": "begun", "second": "other"}})
    small.do("root", migration_plans.start, made)
    small.run()
    small.complete("begun")
    begin, moved, done = frames(small, case)
    assert begin.bundle_id != moved.bundle_id == done.bundle_id
    assert moved.facts == (Fact("bundle", "", begin.bundle_id, moved.bundle_id),)
    assert told(done) == [("left", "begun"), ("entered", "other")]
    with small.engine.reading(SYSTEM) as uow:
        assert unlike_states(uow, case) == []
        assert {stand.element for stand in film.reel(uow, case, 2, 1).before.tokens.values()} == {"begun"}


# ------------------------------------------------------------------ what is gone
@pytest.fixture
def unproven(engine: ProcessEngine) -> Small:
    """A company whose record is not followed at the end: a body is missing from it."""
    return Small(engine)


def test_a_film_goes_on_over_a_destroyed_body_with_what_the_activities_tell(unproven: Small, clock: Clock) -> None:
    case = begun(unproven, clock)
    destroy(unproven.engine, case, 2)
    _, gone, last = frames(unproven, case)
    assert (gone.loss, gone.command, gone.element, gone.changed) == ("destroyed", "complete", "first", ())
    assert told(gone) == [("left", "first"), ("entered", "second")]
    assert told(last)[0] == ("left", "second")
    with unproven.engine.reading(SYSTEM) as uow:
        assert filmed(uow, case) == ran(uow, case)
        after = film.reel(uow, case, 3, 1).before
    assert (after.tokens, after.is_certain) == ({}, False)


def test_what_was_folded_from_a_body_goes_with_it(unproven: Small) -> None:
    unproven.deploy(LOOP)
    case = unproven.start(variables={"customer": "somebody"})
    for _ in range(film.KEYFRAME):
        unproven.complete("serve", solved=False)
    frames(unproven, case)
    kept = unproven.engine.keyframes
    assert [[now.variables.get((1, "customer")) for now in each.values()] for each in kept.values()] == [[None, "somebody"]]
    destroy(unproven.engine, case, 1)
    frames(unproven, case)
    assert [[now.variables.get((1, "customer")) for now in each.values()] for each in kept.values()] == [[None, None]]


def test_a_body_that_is_missing_without_a_decision_is_said_to_be(unproven: Small, clock: Clock) -> None:
    case = begun(unproven, clock)
    destroy(unproven.engine, case, 2)
    without_triggers(unproven.engine, "tombstone", sa.delete(tombstone))
    assert [frame.loss for frame in frames(unproven, case)] == ["", "missing", ""]


def test_who_may_not_see_the_case_is_refused(small: Small) -> None:
    small.deploy(TWO)
    case = small.start()
    with pytest.raises(Forbidden), small.engine.reading(Actor("eli")) as uow:
        film.frames(uow, case)


def begun(company: Small, clock: Clock) -> str:
    """A finished case of three events, a minute between them."""
    company.deploy(TWO)
    case = company.start(variables={"customer": "somebody"})
    clock.move(minutes=1)
    company.complete("first", customer="somebody else")
    clock.move(minutes=1)
    company.complete("second")
    return case
