"""Open cases go to another version: what waits follows, what cannot be kept is refused with a reason, and all can be undone."""

import json
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import (
    bundles,
    canonical,
    cases,
    entries,
    instances,
    jobs,
    migration,
    migration_plans,
    migration_rehearsal,
    migration_words,
    tasks,
)
from engine.diagram.check import File
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue, PermanentFailure
from engine.tables import (
    activity_instance,
    definition,
    history_body,
    history_event,
    incident,
    job,
    migration_item,
    subscription,
    task_candidate,
)
from engine.tables import task as task_table
from engine.unit_of_work import SYSTEM
from tests.conftest import MONDAY, Clock
from tests.diagram_text import (
    boundary,
    diagram,
    end,
    flow_if,
    flows,
    message,
    messages,
    node,
    properties,
    service,
    start,
    timer,
    user,
)
from tests.small_company import Small

Mapping_ = Mapping[str, Mapping[str, str | None]]
PLAIN = diagram(start(), user("serve"), end(), flows("begin", "serve", "done"))
LONGER = diagram(start(), user("serve"), user("check"), end(), flows("begin", "serve", "check", "done"))
FORM = {"id": "ask", "type": "default", "schemaVersion": 18,
        "components": [{"key": "word", "type": "textfield", "label": "词", "properties": {"label_en": "Word"}}]}
OTHER_FORM = {**FORM, "components": [{**FORM["components"][0], "label": "字"}]}


def late(text: str = "PT4H", host: str = "serve", name: str = "late", *, deadline: str = "true") -> str:
    return boundary(name, host, timer(text), interrupts=False, before=properties(deadline=deadline))


def with_deadline(text: str = "PT4H", name: str = "late") -> bytes:
    return diagram(start(), user("serve"), late(text, name=name), user("chase"), end(),
                   flows("begin", "serve", "done") + flows(name, "chase", "done"))


def inside(*parts: str, name: str = "part", before: str = "begin", after: str = "done") -> str:
    """A sub-process around parts."""
    return node("subProcess", name, "".join(parts)) + flows(before, name, after)


AROUND = diagram(start(), inside(start("in"), user("serve"), end("out"), flows("in", "serve", "out")), end())


def versions(small: Small) -> list[str]:
    rows = small.rows(sa.select(definition.c.id).where(definition.c.kind == "process", definition.c.key == "case").order_by(
        definition.c.version))
    return [row.id for row in rows]


def plan(small: Small, mapping: Mapping_ | None = None, **more: Any) -> str:
    """A plan from the first version to the newest, with the mapping that is proposed unless another is given."""
    first, *_, last = versions(small) * 2 if len(versions(small)) == 1 else versions(small)
    if mapping is None:
        with small.engine.reading(SYSTEM) as uow:
            found = migration_rehearsal.sides(uow, first, last)
        mapping = migration.propose(found.before, found.after)
    made = small.do("root", migration_plans.create, source=first, target=last, mapping=mapping, reason="a better way", **more)
    return str(made)


def move(small: Small, *data: bytes | File, mapping: Mapping_ | None = None) -> str:
    """Deploy the target and move all cases there; every claim holds for the dry run as well."""
    small.deploy(*data)
    made = plan(small, mapping)
    rehearsed = rehearse(small, mapping)
    small.do("root", migration_plans.start, made)
    small.run()
    counts = progress(small, made).counts
    assert (rehearsed.possible, sum(group.cases for group in rehearsed.refused)) == (counts["moved"], counts["refused"])
    return made


def rehearse(small: Small, mapping: Mapping_ | None = None) -> migration_rehearsal.Rehearsal:
    with small.engine.reading(SYSTEM) as uow:
        found = migration_rehearsal.sides(uow, versions(small)[0], versions(small)[-1])
        chosen = mapping if mapping is not None else migration.propose(found.before, found.after)
        return migration_rehearsal.rehearse(uow, found.source.id, found.after, chosen)


def progress(small: Small, plan_id: str) -> migration_plans.Progress:
    with small.engine.reading(SYSTEM) as uow:
        return migration_plans.progress(uow, plan_id)


def reasons(small: Small, plan_id: str, status: str = "refused") -> list[tuple[str, str | None]]:
    with small.engine.reading(SYSTEM) as uow:
        return [(code, element) for item in migration_plans.items(uow, plan_id, status=status)
                for code, element, _ in item.reasons]


def armed(small: Small) -> list[Any]:
    return small.rows(sa.select(job).where(job.c.kind == "timer", job.c.state == "open").order_by(job.c.due_at))


def moves(small: Small) -> list[dict[str, Any]]:
    query = sa.select(history_body.c.body).join(history_event, sa.and_(
        history_event.c.instance_id == history_body.c.instance_id, history_event.c.seq == history_body.c.seq))
    query = query.where(history_event.c.command == "migrate").order_by(history_event.c.instance_id, history_event.c.seq)
    return [canonical.loads(bytes(row.body))["inputs"] for row in small.rows(query)]


def undo(small: Small, plan_id: str) -> Mapping[str, int]:
    small.do("root", migration_plans.undo, plan_id, reason="not so good")
    small.run()
    assert progress(small, plan_id).plan.status == "undone"
    return progress(small, plan_id).counts


# ------------------------------------------------------------------ all of a version
def test_open_cases_go_on_by_the_new_version(small: Small) -> None:
    small.deploy(PLAIN)
    first, second = small.start(), small.start()
    made = move(small, LONGER)
    assert {small.case(each).process_version for each in (first, second)} == {2}
    found = progress(small, made)
    assert (found.plan.status, found.total, found.done, dict(found.counts)) == ("done", 2, 2, {"moved": 2})
    small.complete("serve")
    small.complete("serve")
    assert small.open() == ["check", "check"]
    small.complete("check")
    small.complete("check")
    assert small.case(first).status == "completed"


def test_ended_cases_and_those_of_other_versions_stay(small: Small) -> None:
    small.deploy(PLAIN)
    ended = small.start()
    small.complete("serve")
    small.start()
    small.deploy(LONGER)
    newer = small.start()
    with pytest.raises(Conflict, match="migration_no_cases"):
        small.do("root", migration_plans.start, plan(small, cases=[ended, newer]))
    made = plan(small)
    small.do("root", migration_plans.start, made)
    small.run()
    assert progress(small, made).total == 1
    assert (small.case(ended).process_version, small.case(newer).process_version) == (1, 2)


def test_versions_of_two_processes_have_no_plan(small: Small) -> None:
    small.deploy(PLAIN)
    small.deploy(diagram(start(), user("serve"), end(), flows("begin", "serve", "done"), key="other"))
    ours, theirs = (row.id for row in small.rows(sa.select(definition).order_by(definition.c.key)))
    with pytest.raises(InvalidValue, match="migration_other_process"), small.engine.reading(SYSTEM) as uow:
        migration_rehearsal.sides(uow, ours, theirs)


def test_only_the_chosen_cases_move(small: Small) -> None:
    small.deploy(PLAIN)
    chosen, other = small.start(), small.start()
    small.deploy(LONGER)
    made = plan(small, cases=[chosen])
    assert progress(small, made).total == 1
    small.do("root", migration_plans.start, made)
    small.run()
    assert [small.case(each).process_version for each in (chosen, other)] == [2, 1]


def test_suspended_case_moves_and_stays_suspended(small: Small) -> None:
    small.deploy(PLAIN)
    case = small.start()
    small.do("root", instances.suspend, case, reason="wait")
    move(small, LONGER)
    assert (small.case(case).process_version, small.case(case).status) == (2, "suspended")
    small.do("root", instances.resume, case, reason="go on")
    small.complete("serve")
    assert small.open() == ["check"]


def test_record_names_person_versions_mapping_and_reason(small: Small) -> None:
    small.deploy(PLAIN)
    case = small.start()
    before = small.case(case).bundle_id
    made = move(small, diagram(start(), user("treat"), end(), flows("begin", "treat", "done")))
    [told] = moves(small)
    assert told["mapping"] == {"case": {"serve": "treat"}}
    assert (told["source"], told["target"], told["plan"]) == (before, small.case(case).bundle_id, made)
    assert told["reason"] == "a better way"
    [event] = small.rows(sa.select(history_event).where(history_event.c.command == "migrate"))
    assert (event.actor, event.bundle_id) == ("root", told["target"])


def test_renamed_step_is_found_by_its_surroundings_and_keeps_its_task(small: Small) -> None:
    small.deploy(PLAIN)
    small.start()
    before = small.task("serve")
    small.do("bob", tasks.claim, before.id)
    move(small, diagram(start(), user("treat"), end(), flows("begin", "treat", "done")))
    after = small.task("treat")
    assert (after.id, after.assignee, after.revision) == (before.id, "bob", before.revision + 2)
    small.complete("treat", "bob")


# ------------------------------------------------------------------ deadlines
@pytest.mark.parametrize(("old", "new", "hours", "kind"), [
    (PLAIN, with_deadline(), 4, "timer_added"), (with_deadline(), with_deadline("PT8H"), 8, "timer_changed"),
    (with_deadline(), with_deadline("PT4H", "overdue"), 4, None), (with_deadline(), PLAIN, None, "timer_removed")])
def test_deadline_is_added_changed_renamed_or_removed_with_its_task(  # noqa: PLR0917 - a table of cases
        small: Small, clock: Clock, old: bytes, new: bytes, hours: int | None, kind: str | None) -> None:
    small.deploy(old)
    small.start()
    clock.move(hours=1)
    small.deploy(new)
    assert (kind in {group.code for group in rehearse(small).changes}) is (kind is not None)
    small.do("root", migration_plans.start, plan(small))
    small.run()
    due = MONDAY + timedelta(hours=hours) if hours else None
    assert small.task("serve").due_at == due
    assert [row.due_at for row in armed(small)] == ([due] if due else [])
    assert [row.sort_due for row in small.rows(sa.select(task_candidate))] == [small.task("serve").sort_due]
    clock.move(hours=9)
    small.run()
    assert small.open() == (["serve", "chase"] if due else ["serve"])
    assert small.incidents() == []


def test_deadline_that_would_be_past_fires_at_once(small: Small, clock: Clock) -> None:
    small.deploy(PLAIN)
    small.start()
    clock.move(hours=6)
    move(small, with_deadline())
    small.run()
    assert small.open() == ["serve", "chase"]


def test_due_date_set_by_hand_stays_where_it_was_put(small: Small, clock: Clock) -> None:
    small.deploy(with_deadline())
    small.start()
    chosen = MONDAY + timedelta(days=3)
    small.do("root", tasks.set_due, small.task("serve").id, due_at=chosen, reason="agreed")
    move(small, with_deadline("PT8H"))
    assert (small.task("serve").due_at, [row.due_at for row in armed(small)]) == (chosen, [chosen])


def test_due_date_of_the_task_itself_follows_its_text_unless_set_by_hand(small: Small) -> None:
    def dated(text: str) -> bytes:
        return diagram(start(), user("serve", camunda_dueDate=text), end(), flows("begin", "serve", "done"))

    small.deploy(dated("P2D"))
    small.start()
    other = small.start()
    by_hand = next(row for row in small.rows(sa.select(task_table)) if row.instance_id == other)
    small.do("root", tasks.set_due, by_hand.id, due_at=MONDAY + timedelta(days=9), reason="agreed")
    move(small, dated("P5D"))
    due = {row.instance_id == other: row.due_at for row in small.rows(sa.select(task_table))}
    assert due == {False: MONDAY + timedelta(days=5), True: MONDAY + timedelta(days=9)}


def test_timer_whose_text_the_case_cannot_fill_refuses(small: Small) -> None:
    small.deploy(PLAIN)
    case = small.start()
    made = move(small, with_deadline("= when"))
    assert reasons(small, made) == [("timer_failed", "late")]
    assert (small.case(case).process_version, armed(small)) == (1, [])


# ------------------------------------------------------------------ role, form
def test_other_lane_offers_the_task_to_the_others_and_frees_it(small: Small) -> None:
    small.deploy(PLAIN)
    small.start()
    small.do("bob", tasks.claim, small.task("serve").id)
    made = move(small, diagram(start(), user("serve", "leads"), end(), flows("begin", "serve", "done")))
    after = small.task("serve")
    assert (after.assignee, canonical.loads(after.candidate_groups)) == (None, ["leads"])
    assert [row.group_id for row in small.rows(sa.select(task_candidate))] == ["leads"]
    assert moves(small)[0]["tasks"][0]["released"] == "bob"
    undo(small, made)
    assert (small.task("serve").assignee, small.rows(sa.select(task_candidate))) == ("bob", [])


def test_who_may_still_do_it_keeps_the_task(small: Small) -> None:
    small.deploy(PLAIN)
    small.start()
    small.do("bob", tasks.claim, small.task("serve").id)
    move(small, diagram(start(), user("serve", "leads,staff"), end(), flows("begin", "serve", "done")))
    assert small.task("serve").assignee == "bob"


def test_who_did_an_earlier_step_that_was_renamed_may_still_not_approve(small: Small) -> None:
    def approved(first: str) -> bytes:
        return diagram(start(), user(first), user("approve", inner=properties(not_by=first)), end(),
                       flows("begin", first, "approve", "done"))

    small.deploy(approved("quote"))
    small.start()
    small.complete("quote")
    move(small, approved("offer"))
    with pytest.raises(Forbidden):
        small.do("ann", tasks.claim, small.task("approve").id)
    small.complete("approve", "bob")


def test_other_form_refuses_what_was_typed_into_the_old_one(small: Small) -> None:
    asked = diagram(start(), user("serve", camunda_formRef="ask"), end(), flows("begin", "serve", "done"))
    small.deploy(File("case.bpmn", asked), File("ask.form", json.dumps(FORM).encode()))
    small.start()
    before = small.task("serve")
    small.deploy(File("ask.form", json.dumps(OTHER_FORM).encode()))
    assert [group.code for group in rehearse(small).changes] == ["form_changed"]
    made = plan(small)
    small.do("root", migration_plans.start, made)
    small.run()
    assert dict(progress(small, made).counts) == {"moved": 1}
    with pytest.raises(AlreadyChanged):
        small.do("ann", tasks.complete, before.id, values={"word": "x"}, revision=before.revision)
    small.do("ann", tasks.complete, before.id, values={"word": "x"})


# ------------------------------------------------------------------ sub-processes, messages, jobs
def test_sub_process_comes_around_the_waiting_task_and_goes_again(small: Small) -> None:
    small.deploy(PLAIN)
    small.start()
    made = move(small, AROUND)
    [opened] = small.rows(sa.select(activity_instance).where(activity_instance.c.element == "part"))
    assert opened.ended_at is None
    undo(small, made)
    [left] = small.rows(sa.select(activity_instance).where(activity_instance.c.element == "part"))
    assert left.end_state == "cancelled"
    small.complete("serve")
    assert small.open() == []


def test_sub_process_that_goes_comes_back_when_it_is_undone(small: Small) -> None:
    small.deploy(AROUND)
    case = small.start()
    made = move(small, PLAIN)
    assert undo(small, made) == {"undone": 1}
    small.complete("serve")
    assert small.case(case).status == "completed"


def test_deadline_moves_to_the_sub_process_around(small: Small, clock: Clock) -> None:
    small.deploy(with_deadline())
    small.start()
    clock.move(hours=1)
    around = diagram(start(), inside(start("in"), user("serve"), end("out"), flows("in", "serve", "out")), late(host="part"),
                     user("chase"), end(), flows("late", "chase", "done"))
    move(small, around)
    assert small.task("serve").due_at == MONDAY + timedelta(hours=4)
    clock.move(hours=4)
    small.run()
    assert small.open() == ["serve", "chase"]


def test_message_that_is_called_otherwise_is_waited_for_under_its_new_name(small: Small) -> None:
    def waiting(name: str, event: str) -> bytes:
        return diagram(start(), node("intermediateCatchEvent", event, message(name)), end(), flows("begin", event, "done"),
                       more=messages([name]))

    small.deploy(waiting("old", "told"))
    case = small.start()
    made = move(small, waiting("new", "heard"))
    assert [(row.element, row.name) for row in small.rows(sa.select(subscription))] == [("heard", "new")]
    undo(small, made)
    assert [(row.element, row.name) for row in small.rows(sa.select(subscription))] == [("told", "old")]
    move_again = plan(small)
    small.do("root", migration_plans.start, move_again)
    small.run()
    small.do("system", instances.correlate, "new", instance_id=case)
    assert small.case(case).status == "completed"


def test_failed_job_takes_the_operation_of_the_new_version(small: Small) -> None:
    def served(topic: str) -> bytes:
        return diagram(start(), service("book", topic), end(), flows("begin", "book", "done"))

    def refuses(_uow: object, _context: object) -> dict[str, object]:
        raise PermanentFailure("the shop is closed")

    small.operation("good", lambda _uow, _context: {"booked": True})
    small.operation("bad", refuses)
    small.deploy(served("bad"))
    case = small.start()
    small.run()
    [stopped] = small.incidents()
    move(small, served("good"))
    small.do("root", jobs.retry, stopped.id)
    small.run()
    assert (small.case(case).status, small.incidents()) == ("completed", [])


# ------------------------------------------------------------------ refusals
GATEWAYS = node("parallelGateway", "split") + node("parallelGateway", "join")
SPLIT = diagram(start(), GATEWAYS, user("a"), user("b"), user("last"), end(),
                flows("begin", "split", "a", "join", "last", "done") + flows("split", "b", "join"))
MANY = node("multiInstanceLoopCharacteristics", "loop", "<bpmn:loopCardinality>2</bpmn:loopCardinality>")


@pytest.mark.parametrize(("old", "new", "mapping", "done", "expected"), [
    (PLAIN, diagram(start(), user("a"), user("b"), end(), flows("begin", "a", "b", "done")), None, [], ("step_removed", "serve")),
    (PLAIN, LONGER, {"case": {"serve": None}}, [], ("step_removed", "serve")),
    (PLAIN, diagram(start(), service("serve", "good"), end(), flows("begin", "serve", "done")), {}, [], ("other_type", "serve")),
    (PLAIN, diagram(start(), user("serve", inner=MANY), end(), flows("begin", "serve", "done")), {}, [], ("other_loop", "serve")),
    (SPLIT, diagram(start(), GATEWAYS, user("c"), user("b"), user("last"), end(),
                    flows("begin", "split", "c", "join", "last", "done") + flows("split", "b", "join")),
     {}, ["a"], ("no_flow", "join")),
], ids=["no such step", "mapped to nothing", "another kind", "repeated now", "came through a flow that is gone"])
def test_what_cannot_be_kept_is_refused_with_its_reason_and_stays(  # noqa: PLR0917 - a table of cases
        small: Small, old: bytes, new: bytes, mapping: Mapping_ | None, done: list[str], expected: tuple[str, str]) -> None:
    small.operation("good", lambda _uow, _context: {})
    small.deploy(old)
    case = small.start()
    for element in done:
        small.complete(element)
    before = small.case(case)
    made = move(small, new, mapping=mapping)
    assert reasons(small, made) == [expected]
    assert small.case(case) == before
    assert expected[0] in migration_words.REASONS


def test_every_code_has_words_in_both_languages() -> None:
    for code in migration_words.REASONS:
        assert migration_words.reason(code, "X", "zh") != migration_words.reason(code, "X", "en")
    for kind in migration_words.CHANGES:
        assert migration_words.change(kind, "zh", element="X") != migration_words.change(kind, "en", element="X")


def test_join_would_wait_for_ever(small: Small) -> None:
    small.deploy(diagram(start(), user("a"), end(), flows("begin", "a", "done")))
    small.start()
    made = move(small, SPLIT)
    assert reasons(small, made) == [("join_waits", "join")]


def test_one_case_that_cannot_move_keeps_no_other(small: Small) -> None:
    small.deploy(diagram(start(), user("a"), user("b"), end(), flows("begin", "a", "b", "done")))
    stays, goes = small.start(), small.start()
    small.do("ann", tasks.complete, next(row.id for row in small.rows(sa.select(task_table)) if row.instance_id == stays))
    made = move(small, diagram(start(), user("a"), end(), flows("begin", "a", "done")))
    assert dict(progress(small, made).counts) == {"refused": 1, "moved": 1}
    assert [small.case(each).process_version for each in (stays, goes)] == [1, 2]


@pytest.mark.parametrize("mapping", [
    {"other": {"serve": "serve"}}, {"case": {"nowhere": "serve"}}, {"case": {"serve": "nowhere"}}, {"case": {"serve": "done"}}])
def test_mapping_that_cannot_be_is_refused_before_anything(small: Small, mapping: Mapping_) -> None:
    small.deploy(PLAIN)
    small.deploy(LONGER)
    with pytest.raises(InvalidValue, match="migration_mapping"):
        plan(small, mapping)


# ------------------------------------------------------------------ pause, undo, rights
def test_paused_plan_moves_nothing_and_goes_on_where_it_was(small: Small) -> None:
    small.deploy(PLAIN)
    for _ in range(5):
        small.start()
    small.deploy(LONGER)
    made = plan(small)
    small.do("root", migration_plans.start, made)
    assert migration_plans.move_some(small.engine, made, most=2) == 2
    small.do("root", migration_plans.pause, made)
    small.run()
    found = progress(small, made)
    assert (found.plan.status, found.done, found.total) == ("paused", 2, 5)
    small.do("root", migration_plans.resume, made)
    small.run()
    assert dict(progress(small, made).counts) == {"moved": 5}
    assert len(moves(small)) == 5


def test_undo_takes_all_back_but_those_that_went_on(small: Small, clock: Clock) -> None:
    small.deploy(with_deadline())
    stays, back = small.start(), small.start()
    before = small.case(back)
    due = small.rows(sa.select(job.c.due_at).where(job.c.instance_id == back))
    made = move(small, LONGER)
    small.do("ann", tasks.complete, next(row.id for row in small.rows(sa.select(task_table)) if row.instance_id == stays))
    clock.move(hours=1)
    assert undo(small, made) == {"kept": 1, "undone": 1}
    assert reasons(small, made, "kept") == [("moved_on", None)]
    after = small.case(back)
    assert (after.bundle_id, after.definition_id, after.process_version) == (
        before.bundle_id, before.definition_id, before.process_version)
    assert [row.due_at for row in armed(small)] == [row.due_at for row in due]
    assert small.rows(sa.select(task_table.c.due_at).where(task_table.c.instance_id == back))[0].due_at == due[0].due_at
    clock.move(hours=4)
    small.run()
    assert sorted(small.open()) == ["chase", "check", "serve"]


def test_undo_keeps_what_people_entered_since(small: Small) -> None:
    small.deploy(with_deadline())
    small.start()
    made = move(small, with_deadline("PT8H"))
    chosen = MONDAY + timedelta(days=2)
    small.do("root", tasks.set_due, small.task("serve").id, due_at=chosen, reason="agreed")
    small.do("bob", tasks.claim, small.task("serve").id)
    undo(small, made)
    after = small.task("serve")
    assert (after.due_at, after.assignee, [row.due_at for row in armed(small)]) == (chosen, "bob", [chosen])


def test_case_that_was_moved_again_is_kept(small: Small) -> None:
    small.deploy(PLAIN)
    case = small.start()
    made = move(small, LONGER)
    small.deploy(with_deadline())
    second = versions(small)[1:]
    again = small.do("root", migration_plans.create, source=second[0], target=second[1], mapping={}, reason="better still")
    small.do("root", migration_plans.start, again)
    small.run()
    undo(small, made)
    assert reasons(small, made, "kept") == [("moved_again", None)]
    assert small.case(case).process_version == 3


def test_undo_of_a_paused_plan_leaves_the_waiting_ones(small: Small) -> None:
    small.deploy(PLAIN)
    for _ in range(3):
        small.start()
    small.deploy(LONGER)
    made = plan(small)
    small.do("root", migration_plans.start, made)
    migration_plans.move_some(small.engine, made, most=1)
    small.do("root", migration_plans.pause, made)
    assert undo(small, made) == {"undone": 1, "waiting": 2}
    assert {row.process_version for row in [small.case(row.instance_id) for row in small.rows(sa.select(migration_item))]} == {1}


def test_only_who_models_moves_cases(small: Small) -> None:
    small.deploy(PLAIN)
    small.start()
    small.deploy(LONGER)
    first, last = versions(small)
    with pytest.raises(Forbidden, match="may_not_migrate"):
        small.do("ann", migration_plans.create, source=first, target=last, mapping={}, reason="so")
    made = plan(small)
    for verb in (migration_plans.start, migration_plans.discard):
        with pytest.raises(Forbidden, match="may_not_migrate"):
            small.do("lea", verb, made)


def test_verbs_keep_to_the_order_of_a_plan(small: Small) -> None:
    small.deploy(PLAIN)
    small.start()
    small.deploy(LONGER)
    made, other = plan(small), plan(small)
    for verb in (migration_plans.pause, migration_plans.resume):
        with pytest.raises(Conflict, match="migration_status"):
            small.do("root", verb, made)
    with pytest.raises(Conflict, match="migration_status"):
        small.do("root", migration_plans.undo, made, reason="so")
    small.do("root", migration_plans.start, made)
    with pytest.raises(Conflict, match="migration_status"):
        small.do("root", migration_plans.start, made)
    with pytest.raises(Conflict, match="migration_running"):
        small.do("root", migration_plans.start, other)
    small.run()
    small.do("root", migration_plans.discard, other)
    with small.engine.reading(SYSTEM) as uow:
        assert [row.id for row in migration_plans.listing(uow, "case")] == [made]


def test_two_workers_move_every_case_once(small: Small) -> None:
    small.deploy(PLAIN)
    for _ in range(30):
        small.start()
    small.deploy(LONGER)
    made = plan(small)
    small.do("root", migration_plans.start, made)
    workers = [threading.Thread(target=jobs.run_all, args=(small.engine,)) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    small.run()
    assert dict(progress(small, made).counts) == {"moved": 30}
    assert len(moves(small)) == 30


# ------------------------------------------------------------------ looking back
def test_pages_of_a_case_show_steps_that_the_new_version_does_not_have(small: Small) -> None:
    old = diagram(start(), user("gone", camunda_formRef="ask"), user("serve"), end(), flows("begin", "gone", "serve", "done"))
    small.deploy(File("case.bpmn", old), File("ask.form", json.dumps(FORM).encode()))
    case = small.start()
    done = small.task("gone").id
    small.do("ann", tasks.complete, done, values={"word": "x"})
    move(small, PLAIN)
    with small.engine.reading(SYSTEM) as uow:
        assert [visit.element.id for visit in cases.case(uow, case).processes[0].visits] == ["begin", "gone", "serve"]
        assert cases.task(uow, done).element.id == "gone"
        assert cases.timeline(uow, case)[-1].command == "migrate"
        [entered] = entries.earlier(uow, small.case(case), small.task("serve"))
    assert (entered.element.id, entered.values) == ("gone", {"word": "x"})


def test_case_can_be_tried_on_a_version_that_is_not_deployed(small: Small) -> None:
    small.deploy(diagram(start(), user("serve"), node("exclusiveGateway", "which", default="which_to_done"), end(),
                         flows("begin", "serve", "which", "done") + flow_if("which", "serve", "again = true")))
    case = small.start()
    with small.engine.reading(SYSTEM) as uow:
        target = bundles.compile_files(uow, [File("case.bpmn", with_deadline())], "case")
        verdict = migration.examine(uow, small.case(case), target, {})
    assert (verdict.is_possible, [each["kind"] for each in verdict.changes]) == (True, ["timer_added", "due_changed"])
    assert small.rows(sa.select(incident)) == []
