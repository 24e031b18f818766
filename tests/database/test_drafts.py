"""Drafts: kept per person, never overwritten unasked by another device, gone with the completion."""

from functools import partial

import pytest

from engine import drafts, tasks
from engine.errors import AlreadyChanged, Forbidden, InvalidValue, NotFound
from tests.conftest import Clock
from tests.database.behind import behind
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small


@pytest.fixture
def task_id(small: Small) -> str:
    small.deploy(diagram(start(), user("write"), end(), flows("begin", "write", "done")))
    small.start()
    return str(small.task("write").id)


def test_draft_is_found_again_by_its_writer_only(small: Small, task_id: str) -> None:
    at = small.do("ann", drafts.save, task_id, {"note": "半句 😀"})
    found = small.do("ann", drafts.find, task_id)
    assert (found.entries, found.saved_at) == ({"note": "半句 😀"}, at)
    assert small.do("bob", drafts.find, task_id) is None


def test_later_draft_of_another_device_is_not_overwritten_unasked(small: Small, task_id: str, clock: Clock) -> None:
    first = small.do("ann", drafts.save, task_id, {"note": "phone"})
    clock.move(minutes=1)
    second = small.do("ann", drafts.save, task_id, {"note": "desk"}, basis=first)
    clock.move(minutes=1)
    with pytest.raises(AlreadyChanged) as refused:
        small.do("ann", drafts.save, task_id, {"note": "phone again"}, basis=first)
    assert refused.value.facts["at"] == second
    assert small.do("ann", drafts.find, task_id).entries == {"note": "desk"}
    small.do("ann", drafts.save, task_id, {"note": "phone again"}, basis=first, overrides=True)
    assert small.do("ann", drafts.find, task_id).entries == {"note": "phone again"}


def test_first_draft_of_two_devices_at_once_is_not_lost(small: Small, task_id: str) -> None:
    ann = small.do("ann", lambda uow: uow.actor)
    with pytest.raises(AlreadyChanged, match="draft_newer"):
        behind(small.engine, ann, partial(drafts.save, subject=task_id, entries={"note": "phone"}),
               ann, partial(drafts.save, subject=task_id, entries={"note": "desk"}))
    assert small.do("ann", drafts.find, task_id).entries == {"note": "phone"}


def test_of_two_devices_that_save_at_once_the_later_is_told(small: Small, task_id: str, clock: Clock) -> None:
    ann, basis = small.do("ann", lambda uow: uow.actor), small.do("ann", drafts.save, task_id, {"note": "half"})
    clock.move(minutes=1)
    with pytest.raises(AlreadyChanged, match="draft_newer"):
        behind(small.engine, ann, partial(drafts.save, subject=task_id, entries={"note": "phone"}, basis=basis),
               ann, partial(drafts.save, subject=task_id, entries={"note": "desk"}, basis=basis))
    assert small.do("ann", drafts.find, task_id).entries == {"note": "phone"}


def test_completing_removes_the_draft_of_who_completes_and_keeps_the_others(small: Small, task_id: str) -> None:
    for who in ("ann", "bob"):
        small.do(who, drafts.save, task_id, {"note": who})
    small.do("ann", tasks.complete, task_id)
    assert small.do("ann", drafts.find, task_id) is None
    assert small.do("bob", drafts.find, task_id).entries == {"note": "bob"}


def test_refused_completion_leaves_the_draft(small: Small, task_id: str) -> None:
    small.do("bob", drafts.save, task_id, {"note": "bob"})
    small.do("ann", tasks.claim, task_id)
    with pytest.raises(AlreadyChanged):
        small.do("bob", tasks.complete, task_id)
    assert small.do("bob", drafts.find, task_id).entries == {"note": "bob"}


def test_draft_beyond_the_size_of_a_case_is_refused(small: Small, task_id: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        small.do("ann", drafts.save, task_id, {"note": "长" * 400_000})
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("subject", ["nothing.1", "", "start:", "start:a b", "start:" + "x" * 241])
def test_draft_of_nothing_is_refused(small: Small, task_id: str, subject: str) -> None:
    with pytest.raises(NotFound):
        small.do("ann", drafts.save, subject, {})


def test_draft_for_a_case_of_another_office_is_refused(small: Small, task_id: str) -> None:
    with pytest.raises(Forbidden):
        small.do("eva", drafts.save, task_id, {"note": "?"})


def test_start_form_has_a_draft_and_old_ones_are_dropped(small: Small, task_id: str, clock: Clock) -> None:
    small.do("ann", drafts.save, "start:case", {"customer": "长沙"})
    clock.move(days=89)
    small.do("ann", drafts.save, task_id, {"note": "new"})
    clock.move(days=2)
    assert small.do("system", drafts.prune) == 1
    assert small.do("ann", drafts.find, "start:case") is None
    assert small.do("ann", drafts.find, task_id) is not None
