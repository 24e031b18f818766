"""A case runs: tasks are offered, taken and completed; jobs, timers and messages move it; nothing is lost or doubled."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from engine import actions, history, instances, jobs, tasks
from engine.errors import (
    AlreadyChanged,
    BpmnError,
    Conflict,
    Forbidden,
    InvalidValue,
    MismatchingMessage,
    NotFound,
    PermanentFailure,
)
from engine.tables import activity_instance, history_event, job, process_instance, subscription, task, task_candidate, variable
from engine.unit_of_work import JobContext, UnitOfWork
from tests.conftest import Clock
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

ONE = diagram(start(), user("work"), end(), flows("begin", "work", "done"))
TWO = diagram(start(), user("first"), user("second"), end(), flows("begin", "first", "second", "done"))


# ------------------------------------------------------------------ tasks
def test_a_case_runs_from_task_to_task_to_its_end(small: Small) -> None:
    small.deploy(TWO)
    case = small.start()
    small.complete("first")
    assert small.open() == ["second"]
    small.complete("second")
    row = small.case(case)
    assert (row.status, row.end_element, row.tokens.count('"is"')) == ("completed", "done", 0)


def test_the_first_claim_wins_and_the_second_is_told_who(small: Small) -> None:
    small.deploy(ONE)
    small.start()
    wanted = small.task("work").id
    small.do("ann", tasks.claim, wanted)
    with pytest.raises(AlreadyChanged) as refused:
        small.do("bob", tasks.claim, wanted)
    assert refused.value.facts["who"] == "ann"


def test_a_claimed_task_leaves_the_group_inbox_and_returns_on_release(small: Small) -> None:
    small.deploy(ONE)
    small.start()
    wanted = small.task("work").id
    small.do("ann", tasks.claim, wanted)
    assert small.rows(sa.select(task_candidate)) == []
    small.do("ann", tasks.release, wanted)
    assert [row.group_id for row in small.rows(sa.select(task_candidate))] == ["staff"]


def test_completing_an_unclaimed_task_claims_it(small: Small) -> None:
    small.deploy(ONE)
    small.start()
    small.complete("work", "bob")
    done = small.rows(sa.select(task))[0]
    assert (done.assignee, done.completed_by, done.state) == ("bob", "bob", "completed")


def test_a_task_of_another_office_is_refused(small: Small) -> None:
    small.deploy(diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done")))
    small.start(office="north")
    with pytest.raises(Forbidden):
        small.complete("visit", "eli")
    small.complete("visit", "eva")
    assert small.open() == []


def test_a_completed_task_is_not_completed_again(small: Small) -> None:
    small.deploy(TWO)
    small.start()
    first = small.task("first").id
    small.complete("first", "bob")
    with pytest.raises(AlreadyChanged) as refused:
        small.do("ann", tasks.complete, first)
    assert (refused.value.facts["who"], small.open()) == ("bob", ["second"])


def test_a_double_click_gets_the_first_reply(small: Small) -> None:
    small.deploy(TWO)
    case = small.start()
    first = small.task("first").id
    replies = [small.do("ann", tasks.complete, first, variables={"x": 1}, idempotency_key="k") for _ in range(2)]
    assert (replies, small.open()) == ([case, case], ["second"])


def test_the_same_key_with_other_values_is_refused(small: Small) -> None:
    small.deploy(TWO)
    small.start()
    first = small.task("first").id
    small.do("ann", tasks.complete, first, variables={"x": 1}, idempotency_key="k")
    with pytest.raises(Conflict):
        small.do("ann", tasks.complete, first, variables={"x": 2}, idempotency_key="k")


def test_a_stale_revision_is_refused(small: Small) -> None:
    small.deploy(ONE)
    small.start()
    seen = small.task("work")
    small.do("ann", tasks.claim, seen.id)
    small.do("ann", tasks.release, seen.id)
    with pytest.raises(AlreadyChanged):
        small.do("bob", tasks.claim, seen.id, revision=seen.revision)


def test_a_sibling_does_not_make_a_task_stale(small: Small) -> None:
    small.deploy(diagram(start(), node("parallelGateway", "fork"), user("a"), user("b"), end(),
                         flows("begin", "fork", "a", "done"), flows("fork", "b", "done")))
    small.start()
    seen = small.task("b")
    small.complete("a")
    small.do("bob", tasks.complete, seen.id, revision=seen.revision)
    assert small.open() == []


def test_a_lead_assigns_within_the_office_only(small: Small) -> None:
    small.deploy(diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done")))
    small.start(office="north")
    visit = small.task("visit").id
    with pytest.raises(InvalidValue):
        small.do("lea", tasks.assign, visit, assignee="eli")
    small.do("lea", tasks.assign, visit, assignee="eva")
    assert small.task("visit").assignee == "eva"


def test_an_engineer_may_not_assign(small: Small) -> None:
    small.deploy(diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done")))
    small.start(office="north")
    with pytest.raises(Forbidden):
        small.do("eva", tasks.assign, small.task("visit").id, assignee="eva")


def test_whoever_did_the_first_step_may_not_do_the_second(small: Small) -> None:
    small.deploy(diagram(start(), user("quote"), user("approve", inner=properties(not_by="quote")), end(),
                         flows("begin", "quote", "approve", "done")))
    small.start()
    small.complete("quote", "ann")
    with pytest.raises(Forbidden):
        small.complete("approve", "ann")
    small.complete("approve", "bob")
    assert small.open() == []


def test_a_wrong_assignee_expression_is_an_incident_that_keeps_the_completion(small: Small) -> None:
    small.deploy(diagram(start(), user("first"), user("second", camunda_assignee="${nobody}"), end(),
                         flows("begin", "first", "second", "done")))
    small.start()
    small.complete("first")
    assert small.open() == []
    assert [row.element for row in small.incidents()] == ["second"]
    assert small.rows(sa.select(task.c.state).where(task.c.element == "first"))[0].state == "completed"


# ------------------------------------------------------------------ gateways, incidents
def solved() -> bytes:
    return diagram(start(), user("serve"), node("exclusiveGateway", "solved", default="solved_to_support"), user("support"),
                   end(), flows("begin", "serve", "solved", "support", "serve"), flow_if("solved", "done", "solved = true"))


def test_a_condition_chooses_the_way(small: Small) -> None:
    small.deploy(solved())
    small.start()
    small.complete("serve", solved=False)
    assert small.open() == ["support"]
    small.complete("support")
    small.complete("serve", solved=True)
    assert small.open() == []


def test_a_condition_that_fails_keeps_the_completion_and_can_be_retried(small: Small) -> None:
    small.deploy(solved())
    case = small.start()
    small.complete("serve")
    found = small.incidents()
    assert ([row.element for row in found], "solved" in found[0].message) == (["solved"], True)
    assert small.case(case).status == "active"
    with pytest.raises(Forbidden):
        small.do("ann", jobs.retry, found[0].id)
    small.do("root", jobs.retry, found[0].id)
    assert len(small.incidents()) == 1


def test_the_taken_flows_are_on_record(small: Small) -> None:
    small.deploy(solved())
    small.start()
    small.complete("serve", solved=True)
    rows = small.rows(sa.select(activity_instance).order_by(activity_instance.c.seq))
    assert [(row.element, row.flows) for row in rows] == [
        ("begin", '["begin_to_serve"]'), ("serve", '["serve_to_solved"]'), ("solved", '["solved_to_done"]'), ("done", None)]


# ------------------------------------------------------------------ jobs
SERVICE = diagram(start(), user("work"), service("file", "file"),
                  boundary("refused", "file", '<bpmn:errorEventDefinition errorRef="e"/>'), user("repair"), end(), end("filed"),
                  flows("begin", "work", "file", "filed"), flows("refused", "repair", "done"),
                  more='<bpmn:error id="e" name="e" errorCode="REFUSED"/>')


def test_a_service_task_is_done_after_the_commit(small: Small) -> None:
    told: list[JobContext] = []

    def file(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
        told.append(context)
        return {"number": 7}

    small.operation("file", file)
    small.deploy(SERVICE)
    case = small.start(variables={"customer": "王五"})
    small.complete("work")
    assert (told, small.case(case).status) == ([], "active")
    assert small.run() == 1
    assert (told[0].variables["customer"], small.case(case).end_element) == ("王五", "filed")


def test_a_modelled_error_follows_its_boundary_event_and_leaves_no_record_behind(small: Small) -> None:
    def file(uow: UnitOfWork, context: JobContext) -> None:
        uow.execute(sa.update(process_instance).values(customer="half done"))
        raise BpmnError("REFUSED", variables={"why": "no form"})

    small.operation("file", file)
    small.deploy(SERVICE)
    case = small.start(variables={"customer": "王五"})
    small.complete("work")
    small.run()
    assert (small.open(), small.case(case).customer) == (["repair"], "王五")


def test_a_failing_job_is_retried_with_back_off_and_becomes_an_incident(small: Small, clock: Clock) -> None:
    tries: list[int] = []

    def file(uow: UnitOfWork, context: JobContext) -> None:
        tries.append(1)
        raise RuntimeError("the archive is closed")

    small.operation("file", file)
    small.deploy(SERVICE)
    small.start()
    small.complete("work")
    for _ in range(5):
        small.run()
        clock.move(hours=1)
    assert len(tries) == 3
    assert [row.message for row in small.incidents()] == ["RuntimeError: the archive is closed"]


def test_a_permanent_failure_is_an_incident_at_once_and_a_retry_by_hand_goes_on(small: Small) -> None:
    is_open: list[bool] = []

    def file(uow: UnitOfWork, context: JobContext) -> None:
        if not is_open:
            raise PermanentFailure("the archive is closed")

    small.operation("file", file)
    small.deploy(SERVICE)
    case = small.start()
    small.complete("work")
    small.run()
    found = small.incidents()
    assert [row.message for row in found] == ["PermanentFailure: the archive is closed"]
    is_open.append(True)
    small.do("root", jobs.retry, found[0].id)
    small.run()
    assert (small.incidents(), small.case(case).status) == ([], "completed")


def test_an_effect_has_no_transaction_and_knows_its_key(small: Small) -> None:
    keys: list[str] = []

    def send(settings: object, context: JobContext) -> Mapping[str, Any]:
        keys.append(context.id)
        return {"sent": True}

    small.operation("file", send, "effect")
    small.deploy(SERVICE)
    case = small.start()
    small.complete("work")
    small.run()
    assert (len(keys), keys[0].startswith(case), small.case(case).status) == (1, True, "completed")


# ------------------------------------------------------------------ timers
def late(interrupts: bool) -> bytes:
    return diagram(start(), user("serve"), boundary("late", "serve", timer("PT4H"), interrupts=interrupts), user("chase"), end(),
                   end("chased"), flows("begin", "serve", "done"), flows("late", "chase", "chased"))


def test_a_deadline_escalates_beside_the_work(small: Small, clock: Clock) -> None:
    small.deploy(late(interrupts=False))
    small.start()
    clock.move(hours=3)
    assert small.run() == 0
    clock.move(hours=2)
    small.run()
    assert small.open() == ["serve", "chase"]


def test_an_interrupting_deadline_takes_the_task_away(small: Small, clock: Clock) -> None:
    small.deploy(late(interrupts=True))
    small.start()
    seen = small.task("serve").id
    clock.move(hours=5)
    small.run()
    assert small.open() == ["chase"]
    with pytest.raises(AlreadyChanged):
        small.do("ann", tasks.complete, seen)


def test_a_completed_task_disarms_its_deadline(small: Small, clock: Clock) -> None:
    small.deploy(late(interrupts=True))
    small.start()
    small.complete("serve")
    clock.move(hours=5)
    assert small.run() == 0
    assert [row.state for row in small.rows(sa.select(job))] == ["cancelled"]


def test_an_overdue_deadline_does_not_fire_by_itself(small: Small, clock: Clock) -> None:
    small.deploy(diagram(
        start(), node("parallelGateway", "fork"), user("a"), user("b"), boundary("late", "b", timer("PT1H")), user("chase"),
        end(), flows("begin", "fork", "a", "done"), flows("fork", "b", "done"), flows("late", "chase", "done")))
    small.start()
    clock.move(hours=2)
    small.complete("a")
    assert small.open() == ["b"]
    small.run()
    assert small.open() == ["chase"]


def test_a_task_is_due_at_its_deadline(small: Small, clock: Clock) -> None:
    small.deploy(diagram(
        start(), user("serve"), boundary("late", "serve", timer("PT4H"), interrupts=False, before=properties(deadline="true")),
        user("chase"), end(), flows("begin", "serve", "done"), flows("late", "chase", "done")))
    small.start()
    assert small.task("serve").due_at == clock.now + timedelta(hours=4)


def test_a_reminder_repeats_as_often_as_it_says(small: Small, clock: Clock) -> None:
    small.deploy(diagram(
        start(), user("serve"), boundary("remind", "serve", timer("R3/PT1H", "timeCycle"), interrupts=False), user("chase"),
        end(), flows("begin", "serve", "done"), flows("remind", "chase", "done")))
    small.start()
    for _ in range(6):
        clock.move(hours=1)
        small.run()
    assert small.open().count("chase") == 3


def test_a_timer_text_that_is_no_date_is_an_incident_and_the_case_goes_on(small: Small, clock: Clock) -> None:
    small.deploy(diagram(
        start(), user("plan"), user("serve"), boundary("late", "serve", timer("${agreed}", "timeDate"), interrupts=False),
        user("chase"), end(), flows("begin", "plan", "serve", "done"), flows("late", "chase", "done")))
    small.start()
    small.complete("plan", agreed="tomorrow")
    assert (small.open(), [row.element for row in small.incidents()]) == (["serve"], ["late"])
    small.complete("serve")
    assert small.incidents() == []


# ------------------------------------------------------------------ messages
WAITS = diagram(start(), node("intermediateCatchEvent", "paid", properties(correlation="invoice=${invoice}") + message("paid")),
                user("thank"), end(), flows("begin", "paid", "thank", "done"), more=messages(["paid"]))


def test_a_message_moves_the_one_case_that_waits_for_it(small: Small) -> None:
    small.deploy(WAITS)
    small.start(variables={"invoice": 1})
    second = small.start(variables={"invoice": 2})
    assert small.do("system", instances.correlate, "paid", correlation={"invoice": 2}) == second
    assert [row.instance_id for row in small.rows(sa.select(task).where(task.c.state == "open"))] == [second]


def test_a_message_that_two_cases_wait_for_is_refused(small: Small) -> None:
    small.deploy(WAITS)
    for _ in range(2):
        small.start(variables={"invoice": 1})
    with pytest.raises(MismatchingMessage) as refused:
        small.do("system", instances.correlate, "paid", correlation={"invoice": 1})
    assert (refused.value.facts["matches"], small.open()) == (2, [])


def test_a_message_that_nobody_waits_for_is_refused(small: Small) -> None:
    small.deploy(WAITS)
    with pytest.raises(MismatchingMessage):
        small.do("system", instances.correlate, "paid", correlation={"invoice": 1})


def test_a_message_starts_a_process_that_begins_with_it(small: Small) -> None:
    small.deploy(diagram(start("reported", message("report")), user("work"), end(), flows("reported", "work", "done"),
                         more=messages(["report"])))
    case = small.do("system", instances.correlate, "report", business_key="K-1", variables={"customer": "王五"})
    assert (small.case(case).business_key, small.case(case).customer, small.open()) == ("K-1", "王五", ["work"])


def test_a_thrown_message_reaches_another_case(small: Small) -> None:
    paid = node("endEvent", "done", properties(correlation="invoice=${bill}") + message("paid"))
    small.deploy(WAITS, diagram(start(), user("pay"), paid, flows("begin", "pay", "done"), key="payer", more=messages(["paid"])))
    small.start(variables={"invoice": 5})
    small.start(key="payer", variables={"bill": 5})
    small.complete("pay")
    small.run()
    assert small.open() == ["thank"]


def test_a_message_is_forgotten_when_its_case_ends(small: Small) -> None:
    small.deploy(WAITS)
    case = small.start(variables={"invoice": 1})
    small.do("root", instances.terminate, case, reason="wrong customer")
    assert (small.rows(sa.select(subscription)), small.case(case).status) == ([], "terminated")


# ------------------------------------------------------------------ versions, calls, scopes
def test_a_running_case_keeps_its_version(small: Small) -> None:
    small.deploy(TWO)
    old = small.start()
    small.deploy(ONE)
    new = small.start()
    small.complete("first")
    assert sorted(small.open()) == ["second", "work"]
    assert [small.case(case).process_version for case in (old, new)] == [1, 2]


def test_the_same_file_twice_is_one_version(small: Small) -> None:
    small.deploy(ONE)
    small.deploy(ONE)
    assert small.case(small.start()).process_version == 1


def test_a_called_process_gets_and_gives_what_is_mapped(small: Small) -> None:
    mapped = ('<bpmn:extensionElements><camunda:in source="customer" target="who"/><camunda:out source="result" target="answer"/>'
              "</bpmn:extensionElements>")
    small.deploy(
        diagram(start(), node("callActivity", "call", mapped, calledElement="inner"), user("after"), end(),
                flows("begin", "call", "after", "done")),
        diagram(start(), user("ask"), end(), flows("begin", "ask", "done"), key="inner"))
    case = small.start(variables={"customer": "王五", "secret": 1})
    small.complete("ask", result="yes")
    assert small.open() == ["after"]
    names = {row.name: row.value for row in small.rows(sa.select(variable))}
    assert (names["answer"], "result" in names, "who" in names) == ('"yes"', False, False)
    assert small.case(case).status == "active"


def test_each_office_gets_its_own_task(small: Small) -> None:
    loop = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="offices" camunda:elementVariable="office"/>'
    small.deploy(diagram(start(), user("submit", "engineers", loop), user("collect"), end(),
                         flows("begin", "submit", "collect", "done")))
    small.start(variables={"offices": ["north", "south"]})
    assert [row.office for row in small.rows(sa.select(task).order_by(task.c.token))] == ["north", "south"]
    small.do("eva", tasks.complete, small.task("submit").id)
    with pytest.raises(Forbidden):
        small.do("eva", tasks.complete, small.task("submit").id)
    small.do("eli", tasks.complete, small.task("submit").id)
    assert small.open() == ["collect"]


# ------------------------------------------------------------------ starting, ending, holding
def test_starting_needs_the_right(small: Small) -> None:
    small.deploy(ONE)
    with pytest.raises(Forbidden):
        small.start("eva")


def test_an_unknown_process_is_not_found(small: Small) -> None:
    with pytest.raises(NotFound):
        small.start(key="nothing")


def test_case_numbers_count_up(small: Small) -> None:
    small.deploy(ONE)
    assert [small.case(small.start()).business_key for _ in range(2)] == ["case-000001", "case-000002"]


def test_a_suspended_case_holds_people_and_timers_until_it_is_resumed(small: Small, clock: Clock) -> None:
    small.deploy(late(interrupts=True))
    case = small.start()
    small.do("root", instances.suspend, case, reason="customer on holiday")
    clock.move(hours=5)
    small.run()
    with pytest.raises(Conflict):
        small.complete("serve")
    assert small.open() == ["serve"]
    small.do("root", instances.resume, case, reason="back")
    clock.move(minutes=10)
    small.run()
    assert small.open() == ["chase"]


def test_ending_a_case_needs_a_reason_and_closes_its_tasks(small: Small) -> None:
    small.deploy(late(interrupts=True))
    case = small.start()
    with pytest.raises(InvalidValue):
        small.do("root", instances.terminate, case, reason=" ")
    small.do("root", instances.terminate, case, reason="entered twice")
    assert (small.open(), {row.state for row in small.rows(sa.select(job))}) == ([], {"cancelled"})
    with pytest.raises(Conflict):
        small.do("root", instances.terminate, case, reason="again")


# ------------------------------------------------------------------ record
def test_every_command_is_one_event_of_who_did_it(small: Small) -> None:
    small.deploy(ONE)
    small.start("ann")
    small.do("bob", tasks.claim, small.task("work").id)
    small.complete("work", "bob")
    events = small.rows(sa.select(history_event).where(
        history_event.c.instance_id != history.ORGANIZATION).order_by(history_event.c.seq))
    assert [(e.seq, e.command, e.actor, e.element) for e in events] == [
        (1, "start", "ann", "begin"), (2, "claim", "bob", "work"), (3, "complete", "bob", "work")]


def test_a_refused_command_leaves_nothing(small: Small) -> None:
    small.deploy(ONE)
    small.start()
    before = small.rows(sa.select(history_event))
    with pytest.raises(InvalidValue):
        small.complete("work", x=float("inf"))
    assert (small.open(), small.rows(sa.select(history_event))) == (["work"], before)


def test_too_much_data_from_a_person_is_refused_by_name(small: Small) -> None:
    small.deploy(ONE)
    small.start()
    with pytest.raises(InvalidValue) as refused:
        small.complete("work", photo="x" * 1_100_000)
    assert (refused.value.facts["field"], small.open()) == ("photo", ["work"])


def test_a_message_inside_a_sub_process_sets_its_variables_there(small: Small) -> None:
    inside = start("inner_begin") + node(
        "intermediateCatchEvent", "paid", properties(correlation="invoice=${invoice}") + message("paid")) + user("thank") + end(
        "inner_done") + flows("inner_begin", "paid", "thank", "inner_done")
    mapped = '<bpmn:extensionElements><camunda:in source="invoice" target="invoice"/></bpmn:extensionElements>'
    small.deploy(
        diagram(start(), node("callActivity", "call", mapped, calledElement="inner"), end(), flows("begin", "call", "done")),
        diagram(inside, key="inner", more=messages(["paid"])))
    small.start(variables={"invoice": 1})
    small.do("system", instances.correlate, "paid", correlation={"invoice": 1}, variables={"amount": 5})
    call = small.rows(sa.select(activity_instance.c.token).where(activity_instance.c.element == "call"))[0].token
    assert [row.scope for row in small.rows(sa.select(variable).where(variable.c.name == "amount"))] == [call]


# ------------------------------------------------------------------ actions
def test_an_action_beside_the_tasks_is_offered_to_its_groups_only(small: Small) -> None:
    help_ = node("subProcess", "helped", start("stuck", properties(action="求助", action_by="engineers") + message("stuck"),
                                               isInterrupting="false") + user("help") + end("helped_end")
                 + flows("stuck", "help", "helped_end"), triggeredByEvent="true")
    small.deploy(diagram(start(), user("work", "engineers"), end(), help_, flows("begin", "work", "done"),
                         more=messages(["stuck"])))
    case = small.start(office="north")
    found = {who: small.do(who, actions.offered, small.case(case)) for who in ("eva", "eli", "ann")}
    assert [len(found[who]) for who in ("eva", "eli", "ann")] == [1, 0, 0]
    with pytest.raises(Forbidden):
        small.do("eli", actions.act, case, token=found["eva"][0].token, element="stuck")
    small.do("eva", actions.act, case, token=found["eva"][0].token, element="stuck")
    assert small.open() == ["work", "help"]
    with pytest.raises(Conflict):
        small.do("eva", actions.act, case, token=99, element="stuck")


def test_a_technical_account_may_complete_what_a_person_holds_and_is_on_record_as_itself(small: Small) -> None:
    small.deploy(ONE)
    small.start()
    small.do("ann", tasks.claim, small.task("work").id)
    small.complete("work", "robot")
    assert small.rows(sa.select(task))[0].completed_by == "robot"


def test_a_clock_of_another_zone_makes_a_record_that_verifies(small: Small, clock: Clock) -> None:
    small.engine.clock = lambda: clock().astimezone(ZoneInfo("Asia/Shanghai"))
    small.deploy(ONE)
    small.start()
    small.complete("work", "ann")
    assert small.rows(sa.select(history_event.c.at))[0].at == clock()
