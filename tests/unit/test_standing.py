"""The fold of a record: tokens come, go and stop, entries change, a move to another version renames where tokens stand."""

from dataclasses import replace

from engine.audit.intervened import COMMANDS, Fact, facts
from engine.audit.standing import Changed, Move, Stand, Standing, moves


def entered(element: str, token: int, **more: int) -> Move:
    return Move("entered", "case", element, 1, token, "userTask", **more)  # type: ignore[arg-type]


def left(element: str, token: int, *flows: str, **more: int) -> Move:
    return Move("left", "case", element, 1, token, "userTask", flows, **more)  # type: ignore[arg-type]


def places(now: Standing) -> dict[int, str]:
    return {token: stand.element for token, stand in now.tokens.items()}


def test_a_recorded_trace_is_read_as_moves() -> None:
    trace = [{"is": "Trace", "kind": "left", "element": "serve", "process": "case", "scope": 1, "token": 3, "type": "userTask",
              "flows": ["on"]},
             {"is": "Trace", "kind": "incident", "element": "check", "process": "case", "scope": 1, "token": 4,
              "type": "userTask", "error": "no such name", "index": 0, "body": 2}]
    assert moves(trace) == (left("serve", 3, "on"),
                            Move("incident", "case", "check", 1, 4, "userTask", (), "no such name", 0, 2))


def test_a_token_goes_on_and_leaves_its_path_behind() -> None:
    now = Standing()
    now.go([entered("serve", 2), left("serve", 2, "on"), entered("check", 3)])
    assert places(now) == {3: "check"}
    assert now.done == {("case", "serve", 1)}
    assert now.flows == {("case", "on", 1)}


def test_a_cancelled_token_is_gone_and_nothing_is_done() -> None:
    now = Standing()
    now.go([entered("serve", 2), Move("cancelled", "case", "serve", 1, 2, "userTask")])
    assert (now.tokens, now.done) == ({}, set())


def test_an_incident_stays_until_it_is_tried_again() -> None:
    now = Standing()
    now.go([entered("serve", 2), Move("incident", "case", "serve", 1, 2, "userTask", error="broken")])
    assert now.tokens[2].error == "broken"
    now.tried_again(2)
    assert now.tokens[2] == Stand("case", "serve", 1, "userTask")


def test_instances_of_many_keep_their_states_until_the_activity_runs_anew() -> None:
    now = Standing()
    now.go([entered("ask", 2), entered("ask", 3, index=0, body=2), entered("ask", 4, index=1, body=2),
            left("ask", 3, index=0, body=2)])
    assert now.many == {2: (("case", "ask"), {0: "left", 1: "now"})}
    now.go([left("ask", 4, index=1, body=2), left("ask", 2, "on")])
    assert now.many == {2: (("case", "ask"), {0: "left", 1: "left"})}
    now.go([entered("ask", 5), entered("ask", 6, index=0, body=5)])
    assert now.many == {5: (("case", "ask"), {0: "now"})}


def test_another_version_renames_where_tokens_stand_and_the_way_back_undoes_it() -> None:
    now = Standing()
    now.go([entered("begin", 2), left("begin", 2, "on"), entered("serve", 3), entered("check", 4)])
    now.renamed({"case": {"serve": "help", "begin": "start", "gone": None}})
    assert places(now) == {3: "help", 4: "check"}
    assert now.done == {("case", "start", 1)}
    now.put_back({"next": 5, "tokens": [{"id": 3, "at": "serve"}, {"id": 4, "at": "check"}]})
    assert places(now) == {3: "serve", 4: "check"}


def within(scope: int, element: str, token: int, kind: str = "entered", **more: int) -> Move:
    return Move(kind, "visit", element, scope, token, "userTask", **more)  # type: ignore[arg-type]


def test_two_runs_of_one_called_process_leave_paths_of_their_own() -> None:
    now = Standing()
    call = Move("entered", "case", "call", 1, 2, "callActivity")
    now.go([call, within(2, "look", 3), within(2, "look", 3, "left"), within(2, "repair", 4)])
    assert (now.tokens[2].run, now.tokens[4].run, now.runs) == (1, 2, {2: "visit"})
    now.go([within(2, "repair", 4, "left"), replace(call, kind="left"), replace(call, token=5), within(5, "look", 6)])
    assert now.done == {("visit", "look", 2), ("visit", "repair", 2), ("case", "call", 1)}
    assert (now.tokens[6].run, now.runs) == (5, {2: "visit", 5: "visit"})


def test_calls_at_once_and_what_is_inside_each_are_told_apart() -> None:
    now = Standing()
    now.go([Move("entered", "case", "call", 1, 2, "callActivity")])
    for token in (3, 4):  # an instance of many is its own scope
        now.go([Move("entered", "case", "call", token, token, "callActivity", index=token - 3, body=2)])
    now.go([within(3, "look", 5), within(4, "ask", 6), within(7, "ask", 7, index=0, body=6),
            Move("entered", "visit", "part", 4, 8, "subProcess"), within(8, "repair", 9)])
    assert {token: stand.run for token, stand in now.tokens.items()} == {2: 1, 3: 1, 4: 1, 5: 3, 6: 4, 7: 4, 8: 4, 9: 4}


def test_entries_say_what_was_before_and_go_with_their_scope() -> None:
    now = Standing()
    assert now.know([(1, "price", 1)], []) == (Changed(1, "price", None, 1, is_new=True),)
    assert now.know([(1, "price", None), (5, "note", "x")], []) == (
        Changed(1, "price", 1, None), Changed(5, "note", None, "x", is_new=True))
    assert now.know([], [(5, "note"), (5, "never")]) == (Changed(5, "note", "x", None, is_gone=True),)
    assert now.variables == {(1, "price"): None}


def test_a_copy_is_folded_on_by_itself() -> None:
    now = Standing()
    now.go([entered("ask", 2), entered("ask", 3, index=0, body=2)])
    other = now.copy()
    other.go([left("ask", 3, index=0, body=2)])
    assert (places(now), now.many[2][1]) == ({2: "ask", 3: "ask"}, {0: "now"})


def test_what_is_no_intervention_tells_nothing_beside_the_diagram() -> None:
    assert facts("complete", "serve", {"form": {}}, Standing()) == ()
    assert facts("job", "serve", {"attempt": 1}, Standing()) == ()
    assert facts("job", "serve", {"attempt": 3}, Standing()) == (Fact("attempt", "serve", 1, 3),)
    assert {"skip", "send_back", "assign", "set_variable", "retry", "migrate"} <= COMMANDS
