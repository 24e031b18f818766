"""What plain SpiffWorkflow 3.2.0 does otherwise, as claims about ours; and what an upgrade must keep for us."""

import inspect
from importlib.metadata import version

import pytest
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.workflow import Workflow

from engine.spiff import steps
from engine.spiff.compile import compile_processes
from engine.spiff.instance import Instance
from tests.unit.spiff_case import (
    ENDS,
    Case,
    boundary,
    event,
    event_sub_process,
    flow,
    many,
    node,
    processes,
    users,
)


@pytest.mark.parametrize(("owner", "method", "arguments"), [
    (TaskSpec, "_predict", ["self", "my_task", "seen", "looked_ahead", "mask"]), (TaskSpec, "_update", ["self", "my_task"]),
    (TaskSpec, "_update_hook", ["self", "my_task"]), (TaskSpec, "_on_ready_hook", ["self", "my_task"]),
    (TaskSpec, "_run_hook", ["self", "my_task"]), (TaskSpec, "_on_complete", ["self", "my_task"]), (TaskSpec, "test", ["self"]),
    (Task, "_set_state", ["self", "value"]), (Task, "_ready", ["self"]), (Task, "run", ["self"]),
    (Task, "__init__", ["self", "workflow", "task_spec", "parent", "state", "id"]),
    (Workflow, "_remove_task", ["self", "task_id"]), (Workflow, "_task_removed_notify", ["self", "task"]),
    (Workflow, "_task_completed_notify", ["self", "task"]), (BpmnSubWorkflow, "_calculate_depth", ["self"]),
    (BpmnSubWorkflow, "__init__", ["self", "spec", "parent_task_id", "top_workflow", "kwargs"]),
    (BpmnWorkflow, "__init__", ["self", "spec", "subprocess_specs", "script_engine", "kwargs"])])
def test_method_that_we_override_or_call_is_still_there(owner: type, method: str, arguments: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, method)).parameters) == arguments


def test_version_is_the_one_that_was_read() -> None:
    assert version("SpiffWorkflow") == "3.2.0"


def test_no_text_of_a_diagram_reaches_python() -> None:
    spec = compile_processes(processes(p=ENDS + flow("s", "e")))
    with pytest.raises(AttributeError):
        Instance(spec.scopes, "p", 2).script_engine.evaluate(None, "1 + 1")
    code = "__import__('os').abort()"
    body = ENDS + users("q", "a") + node("scriptTask", "x", f"<script>{code}</script>") + flow("s", "q", "x") + flow(
        "x", "a", when=code) + flow("a", "e")
    case = Case(body, values={code: True}).complete("q")
    assert case.offered == ["a"]


def test_error_of_one_sub_process_leaves_its_neighbour_with_the_same_boundary_alone() -> None:
    def part(name: str) -> str:
        inner = node("startEvent", f"{name}s") + users(f"{name}u") + node("endEvent", f"{name}e", event("error", "E1"))
        return (node("subProcess", name, inner + flow(f"{name}s", f"{name}u", f"{name}e")) + boundary(f"{name}b", name, event(
            "error", "E1")) + users(f"{name}late") + flow("g", name, "e") + flow(f"{name}b", f"{name}late", "e"))
    assert Case(ENDS + node("parallelGateway", "g") + flow("s", "g") + part("x") + part("y")).complete(
        "xu").offered == ["xlate", "yu"]


def test_interrupting_boundary_on_a_multi_instance_sub_process_works() -> None:
    inner = node("startEvent", "s2") + users("u") + flow("s2", "u")
    body = (ENDS + node("subProcess", "m", many(2) + inner) + boundary("b", "m", event("message", "m1")) + users("late")
            + flow("s", "m", "e") + flow("b", "late", "e"))
    assert Case(body).trigger("b").offered == ["late"]


@pytest.mark.parametrize(("kind", "code"), [("error", "E1"), ("escalation", "X1"), ("message", "m1"), ("timer", "PT1H")])
def test_event_sub_process_does_not_start_by_itself(kind: str, code: str) -> None:
    body = ENDS + users("a") + flow("s", "a", "e") + event_sub_process("v", event(kind, code), users("w") + flow("v_s", "w"))
    case = Case(body)
    assert case.offered == ["a"]
    assert case.complete("a").is_ended


def test_overdue_timer_does_not_fire_when_a_sibling_is_completed() -> None:
    body = (ENDS + users("a", "b", "late") + node("parallelGateway", "g") + boundary("t", "b", event("timer", "-PT5M"))
            + flow("s", "g", "a", "e") + flow("g", "b", "e") + flow("t", "late", "e"))
    assert Case(body).complete("a").offered == ["b"]


def test_a_later_message_does_not_start_new_cases_by_itself() -> None:
    spec = compile_processes(processes(p=ENDS + users("a") + flow("s", "a", "e") + event_sub_process(
        "v", event("message", "m1"), users("w") + flow("v_s", "w"), interrupting=False)))
    assert Case(spec=spec).trigger("v_s").offered == ["a", "w"]
    assert Case(spec=spec).offered == ["a"]


def test_terminate_also_stops_what_was_ready_in_the_same_step() -> None:
    body = (ENDS + users("q") + node("parallelGateway", "g") + node("endEvent", "k", event("terminate")) + node("scriptTask", "x")
            + flow("s", "q", "g", "k") + flow("g", "x", "e"))
    case = Case(body).complete("q")
    assert case.is_ended
    assert not [q for q in case.asked if q[0] == "script"]


def test_parallel_join_after_an_exclusive_split_waits_for_ever() -> None:
    body = (ENDS + users("a") + node("exclusiveGateway", "x", default="x_j") + node("parallelGateway", "j")
            + flow("s", "x", "j", "e") + flow("x", "a", when="v") + flow("a", "j"))
    case = Case(body, values={"v": False})
    assert (case.is_ended, case.offered, [r["at"] for r in case.rows("join")]) == (False, [], ["j"])


def test_a_case_ends_only_when_no_token_is_left() -> None:
    body = node("startEvent", "s") + users("End", "b") + node("parallelGateway", "g") + flow("s", "g", "End") + flow("g", "b")
    case = Case(body).complete("End")
    assert (case.is_ended, case.offered) == (False, ["b"])
    assert case.complete("b").is_ended


def test_step_on_a_token_that_another_step_took_changes_nothing() -> None:
    case = Case(ENDS + users("a", "b") + flow("s", "a", "b", "e"))
    token = case.token("a")
    case.complete("a")
    before = case.state
    with pytest.raises(Exception, match="gone"):
        case.step(steps.Complete(token))
    assert case.state == before
