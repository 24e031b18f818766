"""State by replay: the engine runs again over the record; what differs from what was stored is named, not hidden."""

import pytest
import sqlalchemy as sa

from engine import canonical, interventions
from engine.audit import comparison, recomputation
from engine.audit.comparison import Progress
from engine.errors import Forbidden
from engine.interventions import SendBack, SetVariable
from engine.tables import history_body, history_event, process_instance, variable
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine
from tests.diagram_text import diagram, end, flows, start, user
from tests.film_path import destroy, rewrite, without_triggers
from tests.small_company import Small

THREE = diagram(start(), user("first"), user("second"), user("third"), end(),
                flows("begin", "first", "second", "third", "done"))


@pytest.fixture
def unproven(engine: ProcessEngine) -> Small:
    """A company whose record is not followed at the end, because it is tampered with."""
    return Small(engine)


def case_of(company: Small) -> str:
    """A case at its third step: five events, one of them an intervention."""
    company.deploy(THREE)
    case = company.start(variables={"price": 1})
    company.complete("first", price=2)
    company.do("root", interventions.intervene, case, SetVariable(1, "price", "7", "number"), reason="misread")
    company.complete("second", price=3)
    company.do("root", interventions.intervene, case, SendBack(company.task("third").token, "second", 1), reason="again")
    return case


def compared(company: Small, case: str, limit: int = 2) -> list[Progress]:
    """The whole comparison, so many events at once."""
    found: list[Progress] = []
    while not found or not found[-1].is_done:
        with company.engine.reading(SYSTEM) as uow:
            found.append(comparison.go_on(uow, case, found[-1] if found else None, limit))
    return found


def test_all_states_are_equal_slice_by_slice(small: Small) -> None:
    case = case_of(small)
    steps = compared(small, case)
    assert [(step.equal, step.total, step.is_done) for step in steps] == [(2, 5, False), (4, 5, False), (5, 5, True)]
    assert (steps[-1].difference, steps[-1].lost) == (None, None)


def test_a_recomputation_goes_on_from_a_moment_as_if_it_had_not_stopped(small: Small) -> None:
    case = case_of(small)
    with small.engine.reading(SYSTEM) as uow:
        whole = [(moment.seq, moment.digest) for moment in recomputation.recompute(uow, case)]
        begin = list(recomputation.recompute(uow, case, limit=3))
        rest = list(recomputation.recompute(uow, case, since=begin[-1]))
    assert [(moment.seq, moment.digest) for moment in [*begin, *rest]] == whole
    assert [len(begin), len(rest)] == [3, 2]


def test_a_moment_has_the_tokens_and_entries_of_that_event(small: Small) -> None:
    case = case_of(small)
    with small.engine.reading(SYSTEM) as uow:
        early, late, beyond = (comparison.at(uow, case, seq) for seq in (2, 4, 6))
    assert early is not None
    assert late is not None
    assert beyond is None
    assert [row["at"] for row in early.state["tokens"]] == ["case", "second"]
    assert [row["at"] for row in late.state["tokens"]] == ["case", "third"]
    assert (early.variables.local(1)["price"], late.variables.local(1)["price"]) == (2, 3)


def test_a_stored_value_that_was_changed_behind_the_record_is_named(unproven: Small) -> None:
    case = case_of(unproven)
    with unproven.engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(variable).where(variable.c.name == "price").values(value="900"))
    found = compared(unproven, case)[-1]
    assert found.equal == 5
    assert found.difference is not None
    assert found.difference.is_stored
    assert found.difference.recorded != found.difference.recomputed
    assert [(one.kind, one.subject, one.recorded, one.recomputed) for one in found.difference.unlike] == [
        ("variable", "1 price", 900, 3)]


def test_a_stored_token_that_was_moved_behind_the_record_is_named(unproven: Small) -> None:
    case = case_of(unproven)
    state = canonical.loads(unproven.case(case).tokens)
    state["tokens"][1]["at"] = "third"
    with unproven.engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(process_instance).values(tokens=canonical.dumps(state)))
    found = compared(unproven, case)[-1].difference
    assert found is not None
    assert [(one.kind, one.recorded["at"], one.recomputed["at"]) for one in found.unlike] == [("token", "third", "second")]


def test_a_body_that_was_rewritten_is_reported_at_its_event_with_both_digests(unproven: Small) -> None:
    case = case_of(unproven)
    rewrite(unproven.engine, case, 2, set={"price": 5})
    found = compared(unproven, case)[-1]
    assert (found.equal, found.is_done) == (1, True)
    assert found.difference is not None
    assert (found.difference.seq, found.difference.command, found.difference.element) == (2, "complete", "first")
    assert len(found.difference.recorded) == len(found.difference.recomputed) == 64
    assert [(one.subject, one.recorded, one.recomputed) for one in found.difference.unlike] == [("1 price", 2, 5)]


def test_a_step_that_the_engine_refuses_is_reported_with_its_reason(unproven: Small) -> None:
    case = case_of(unproven)
    rewrite(unproven.engine, case, 2, step={"is": "Complete", "token": 99})
    found = compared(unproven, case)[-1].difference
    assert found is not None
    assert (found.seq, found.recomputed) == (2, "")
    assert "gone" in found.error


def test_from_a_destroyed_body_on_nothing_can_be_recomputed_and_that_is_said(unproven: Small) -> None:
    case = case_of(unproven)
    destroy(unproven.engine, case, 4)
    found = compared(unproven, case)[-1]
    assert (found.equal, found.lost, found.difference) == (3, 4, None)
    with unproven.engine.reading(SYSTEM) as uow:
        assert comparison.at(uow, case, 4) is None
        [*_, last] = recomputation.recompute(uow, case)
        assert (last.seq, last.error, last.is_same) == (4, recomputation.GONE, False)


def test_events_that_are_missing_at_the_end_are_said_to_be(unproven: Small) -> None:
    case = case_of(unproven)
    here = history_event.c.seq == 5
    without_triggers(unproven.engine, "history_body", sa.delete(history_body).where(history_body.c.seq == 5))
    without_triggers(unproven.engine, "history_event", sa.delete(history_event).where(here))
    found = compared(unproven, case)[-1]
    assert (found.equal, found.total, found.lost) == (4, 5, 5)


def test_who_may_not_see_the_case_is_refused(small: Small) -> None:
    case = case_of(small)
    with pytest.raises(Forbidden), small.engine.reading(Actor("eli")) as uow:
        comparison.go_on(uow, case)
