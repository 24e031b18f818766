"""What fails stays as an incident; what was done stands; what cannot be is refused."""

import pytest

from engine.errors import BpmnError, InvalidValue, StepRefused
from engine.spiff import place, steps
from engine.spiff.compile import compile_processes
from tests.unit.spiff_case import (
    ENDS,
    Case,
    World,
    boundary,
    event,
    flow,
    many,
    node,
    processes,
    users,
)


def broken(*names: str):
    def setup(world: World) -> None:
        world.broken = {name: ValueError(f"{name} is broken") for name in names}
    return setup


FORK = node("parallelGateway", "g") + users("q", "b") + flow("s", "q", "g", "b", "e")


@pytest.mark.parametrize(("element", "asked"), [
    (node("scriptTask", "x"), "x"), (node("sendTask", "x"), "x"), (node("businessRuleTask", "x"), "x"),
    (node("subProcess", "x", node("startEvent", "xs")), "opened x"), (node("userTask", "x", many(2)), "instances x"),
    (node("callActivity", "x", calledElement="${k}"), "called x"),
    (node("exclusiveGateway", "x"), "x_e"), (node("inclusiveGateway", "x"), "x_e")])
def test_failure_at_an_element_keeps_the_completion_and_the_other_branch(element: str, asked: str) -> None:
    out = flow("x", "e", when="vx" if "Gateway" in element else None)
    case = Case(ENDS + FORK + element + flow("g", "x") + out, values={"vx": True}, setup=broken(asked)).complete("q")
    assert (case.offered, case.incidents) == (["b"], ["x"])
    assert case.rows("incident")[0]["error"] == f"ValueError: {asked} is broken"
    assert case.history[-1].kind == "entered" or case.history[-1].error
    case.retry("x")
    assert (case.offered, case.incidents) == (["b"], ["x"])
    case.set(x="none").mend().retry("x")
    assert case.incidents == (["x"] if asked == "called x" else [])


def test_first_instance_that_fails_waits_beside_the_others() -> None:
    case = Case(ENDS + node("userTask", "m", many(3)) + flow("s", "m", "e"))
    assert len(case.offered) == 3

    def only_second(world: World) -> None:
        world.broken = {}
        ask = world.child_opened

        def child_opened(process: str, element: str, body: int, child: int, index: int) -> None:
            ask(process, element, body, child, index)
            if index == 1 and world.values.get("bad", True):
                raise ValueError("second")
        world.child_opened = child_opened  # type: ignore[method-assign]
    case = Case(ENDS + node("userTask", "m", many(3)) + flow("s", "m", "e"), setup=only_second)
    assert (case.offered, case.incidents) == (["m", "m"], ["m"])
    case.complete("m").complete("m")
    assert case.set(bad=False).retry("m").offered == ["m"]
    assert case.complete("m").is_ended


def test_broken_condition_after_a_task_keeps_the_person_s_work() -> None:
    body = ENDS + users("a", "b") + flow("s", "a") + flow("a", "b", when="vb") + flow("b", "e")
    case = Case(body, values={"vb": True}, setup=broken("a_b")).complete("a")
    assert [(r["at"], r["is"], r["past"]) for r in case.rows("incident")] == [("a", "incident", "element")]
    assert case.armed == []
    assert case.mend().retry("a").offered == ["b"]


def test_no_true_condition_without_default_is_an_incident() -> None:
    for tag in ("exclusiveGateway", "inclusiveGateway", "userTask"):
        case = Case(ENDS + node(tag, "x") + users("b") + flow("s", "x") + flow("x", "b", when="vb") + flow("b", "e"),
                    values={"vb": False})
        if tag == "userTask":
            case.complete("x")
        assert case.incidents == ["x"]
        assert "default" in case.rows("incident")[0]["error"]
        assert case.set(vb=True).retry("x").offered == ["b"]


def test_script_that_ran_is_not_run_again_when_its_flow_fails() -> None:
    body = ENDS + node("scriptTask", "x") + users("b") + flow("s", "x") + flow("x", "b", when="vb") + flow("b", "e")
    case = Case(body, values={"vb": False}).set(vb=True).retry("x")
    assert case.offered == ["b"]
    assert [q[0] for q in case.asked if q[1] == "x"] == ["script"]


def test_out_mapping_that_fails_does_not_run_the_called_process_again() -> None:
    called = node("startEvent", "s") + users("u") + flow("s", "u")
    case = Case(processes(p=ENDS + node("callActivity", "c", calledElement="q") + flow("s", "c", "e"), q=called),
                setup=broken("closed c")).complete("u")
    assert [(r["at"], r["past"]) for r in case.rows("incident")] == [("c", "inside")]
    assert case.mend().retry("c").is_ended
    assert [q[0] for q in case.asked if q[1] == "c"] == ["opened", "closed", "closed"]


def test_completion_condition_that_fails_keeps_the_instance_done() -> None:
    case = Case(ENDS + node("userTask", "m", many(2, until="enough")) + flow("s", "m", "e"), values={"enough": True},
                setup=broken("is_complete m")).complete("m")
    assert (case.offered, case.incidents) == (["m"], ["m"])
    assert case.mend().retry("m").is_ended


def test_incident_of_a_host_cancels_what_had_begun_inside() -> None:
    inner = node("startEvent", "s2") + node("scriptTask", "x") + flow("s2", "x")
    case = Case(ENDS + node("subProcess", "m", many(2) + inner) + flow("s", "m", "e"), setup=broken("child_opened m"))
    assert case.incidents == ["m", "m"]
    case.mend().retry("m").retry("m")
    assert case.is_ended


def test_bpmn_error_of_an_operation_follows_its_boundary_event() -> None:
    def fails(world: World) -> None:
        world.broken = {"x": BpmnError("E1", "no part")}
    body = ENDS + node("scriptTask", "x") + flow("s", "x", "e") + users("late")
    caught = boundary("b", "x", event("error", "E1")) + flow("b", "late", "e")
    assert Case(body + caught, setup=fails).offered == ["late"]
    case = Case(body, setup=fails)
    assert case.incidents == ["x"]
    assert case.rows("incident")[0]["error"] == "Uncaught: nobody catches error E1 no part"


def test_thrown_error_nobody_catches_can_be_retried() -> None:
    case = Case(ENDS + node("serviceTask", "a") + flow("s", "a", "e")).throw("a", "E9")
    assert "E9" in case.rows("incident")[0]["error"]
    assert case.retry("a").offered == ["a"]
    assert case.complete("a").is_ended


def test_incident_keeps_the_case_open_and_can_be_cancelled() -> None:
    case = Case(ENDS + node("scriptTask", "x") + flow("s", "x", "e"), setup=broken("x"))
    assert case.outcome is not None
    assert [(w.kind, w.element, w.error) for w in case.outcome.waiting] == [("incident", "x", "ValueError: x is broken")]
    case.step(steps.Cancel())
    assert case.is_ended


def test_boundary_event_of_an_incident_is_not_armed() -> None:
    case = Case(ENDS + node("scriptTask", "x") + boundary("b", "x", event("timer")) + flow("s", "x", "e") + flow("b", "e"),
                setup=broken("x"))
    assert case.armed == []


def test_retry_of_a_join_goes_to_the_row_that_waits_there() -> None:
    body = (ENDS + users("q", "a", "z") + node("parallelGateway", "g") + node("parallelGateway", "j")
            + flow("s", "q", "g", "j", "z", "e") + flow("g", "a", "j"))

    def four_steps(world: World) -> None:
        world.max_steps = 4
    case = Case(body, setup=four_steps)
    row = {"id": 9, "in": 1, "at": "j", "is": "incident", "error": "LimitExceeded", "got": ["g_j"]}
    other = {"id": 8, "in": 1, "at": "j", "is": "join", "got": ["a_j"]}
    case.state = {"next": 10, "tokens": [case.state["tokens"][0], other, row]}  # type: ignore[list-item]
    case.never_rebuilt = place.place(case.spec, case.state)
    assert case.retry("j").offered == ["z"]
    assert [(t.kind, t.token) for t in case.history if t.token in (8, 9)] == [("left", 9), ("left", 8)]


def limited(steps_allowed: int = 20_000, children: int = 1_000):
    def setup(world: World) -> None:
        world.max_steps, world.max_children = steps_allowed, children
    return setup


LOOP = (node("startEvent", "s") + users("a") + node("exclusiveGateway", "m") + node("scriptTask", "x")
        + flow("s", "a", "m", "x", "m"))


def test_endless_loop_meets_the_limit_as_an_incident() -> None:
    case = Case(LOOP, setup=limited(500)).complete("a")
    assert len(case.incidents) == 1
    assert case.rows("incident")[0]["error"].startswith("LimitExceeded")
    assert sum(t.kind == "entered" for t in case.history) == 503
    case.retry(case.incidents[0])
    assert len(case.incidents) == 1


def test_endless_fork_meets_the_limit_as_incidents() -> None:
    body = LOOP + node("parallelGateway", "g") + flow("x", "g", "m")
    case = Case(body, setup=limited(300)).complete("a")
    assert case.incidents
    assert case.offered == []


def test_too_many_instances_are_an_incident() -> None:
    case = Case(ENDS + node("userTask", "m", many(1001)) + flow("s", "m", "e"))
    assert case.incidents == ["m"]
    assert "max_children" in case.rows("incident")[0]["error"]
    inner = node("startEvent", "s2") + node("userTask", "u", many(900)) + flow("s2", "u")
    case = Case(ENDS + node("subProcess", "m", many(900) + inner) + flow("s", "m", "e"), setup=limited(5_000))
    assert len(case.rows()) < 7_000
    assert case.incidents


@pytest.mark.parametrize("answer", ["word", True, -1, 2.0])
def test_number_of_instances_must_be_a_number(answer: object) -> None:
    case = Case(ENDS + node("userTask", "m", many("n")) + flow("s", "m", "e"), values={"n": answer})
    assert case.incidents == ["m"]


PLAIN = ENDS + users("a") + node("intermediateCatchEvent", "c", event("message", "m1")) + flow("s", "a", "c", "e")


@pytest.mark.parametrize(("step", "reason"), [
    (steps.Complete(99), "gone"), (steps.Complete(2), "gone"), (steps.Complete(1), "not_ready"),
    (steps.Trigger(3, "c"), "not_waiting"), (steps.Trigger(1, "a"), "not_waiting"), (steps.Retry(3), "not_incident"),
    (steps.ThrowError(1, "E"), "not_ready"), (steps.Start("p", "a"), "no_start_event"), (steps.Start("p", "x"), "no_start_event"),
    (steps.Start("q"), "no_process")])
def test_step_that_cannot_be_is_refused(step: steps.Step, reason: str) -> None:
    case = Case(PLAIN)
    with pytest.raises(StepRefused) as refusal:
        case.step(step)
    assert refusal.value.facts["reason"] == reason


def test_waiting_event_cannot_be_completed_and_an_ended_case_takes_no_step() -> None:
    case = Case(PLAIN).complete("a")
    with pytest.raises(StepRefused):
        case.step(steps.Complete(case.token("c")))
    case = case.trigger("c")
    with pytest.raises(StepRefused) as refusal:
        case.step(steps.Cancel())
    assert refusal.value.facts["reason"] == "ended"


V1 = (ENDS + users("a", "z") + node("parallelGateway", "g") + node("parallelGateway", "j")
      + flow("s", "g", "a", "j", "z", "e") + flow("g", "j"))


@pytest.mark.parametrize(("changed", "reason", "element"), [
    (V1.replace('"a"', '"b"'), "no_element", "a"),
    (V1.replace(users("a"), node("serviceTask", "a")), "other_kind", "a"),
    (V1.replace('id="g_j"', 'id="other"'), "no_flow", "j")])
def test_tokens_that_do_not_fit_a_diagram_are_refused(changed: str, reason: str, element: str) -> None:
    state = Case(V1).state
    with pytest.raises(StepRefused) as refusal:
        place.place(compile_processes(processes(p=changed)), state)
    assert (refusal.value.facts["reason"], refusal.value.facts["element"]) == (reason, element)


def test_called_process_that_is_not_in_the_bundle_is_refused() -> None:
    body = ENDS + node("callActivity", "c", calledElement="q") + flow("s", "c", "e")
    state = Case(processes(p=body, q=node("startEvent", "s") + users("u") + flow("s", "u"))).state
    with pytest.raises(StepRefused) as refusal:
        place.place(compile_processes(processes(p=body)), state)
    assert refusal.value.facts["reason"] == "no_process"


def test_row_that_is_not_begun_runs_at_the_next_step() -> None:
    """What send-back and modification will write."""
    spec = compile_processes(processes(p=V1 + users("x") + flow("x", "e")))
    case = Case(spec=spec)
    rows = [r for r in case.state["tokens"] if r["at"] != "a"]
    state: steps.State = {"next": 20, "tokens": [*rows, {"id": 18, "in": 1, "at": "j", "is": "new"},
                                                  {"id": 19, "in": 1, "at": "x", "is": "new"}]}
    case.state, case.never_rebuilt = state, place.place(spec, state)
    instance = place.place(spec, state)
    instance.environment = World(spec.processes)
    instance.run()
    assert sorted(t.task_spec.element.id for t in instance.live()) == ["x", "z"]


@pytest.mark.parametrize(("body", "field"), [
    (ENDS + node("complexGateway", "x"), "type"), (ENDS + '<sequenceFlow id="f" sourceRef="s" targetRef="no"/>', "targetRef"),
    (ENDS + boundary("b", "no", event("timer")), "attachedToRef"), (ENDS + node("startEvent", "s3"), "startEvent"),
    (ENDS + node("intermediateThrowEvent", "t", event("link", "L")), "link"),
    (ENDS + node("subProcess", "v", users("u"), triggeredByEvent="true"), "startEvent")])
def test_diagram_that_cannot_run_is_refused_by_name(body: str, field: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        compile_processes(processes(p=body))
    assert refusal.value.facts["field"] == field
