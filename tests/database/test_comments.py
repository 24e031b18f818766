"""Comments: text is text, the mentioned are told, all of it is on the record."""

import pytest
import sqlalchemy as sa

from engine import canonical, comments, instances, notices
from engine.errors import Forbidden, InvalidValue, NotFound
from engine.tables import comment, history_body, history_event
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small


@pytest.fixture
def case_id(small: Small) -> str:
    small.deploy(diagram(start(), user("write"), end(), flows("begin", "write", "done")))
    return small.start()


def test_comment_is_listed_told_and_on_the_record(small: Small, case_id: str) -> None:
    task_id = small.task("write").id
    made = small.do("ann", comments.add, case_id, "请@bob看一下 <b>now</b>, @bob.", task_id=task_id)
    [found] = small.do("bob", comments.listing, case_id)
    assert (found.id, found.author, found.task_id) == (made, "ann", task_id)
    assert found.parts == (("", "请"), ("bob", "@bob"), ("", "看一下 <b>now</b>, "), ("bob", "@bob"), ("", "."))
    [told] = small.do("bob", notices.recent, 10)
    assert (told.kind, told.instance_id, told.task_id) == ("mentioned", case_id, task_id)
    event = small.rows(sa.select(history_event).where(history_event.c.command == "comment"))[0]
    body = small.rows(sa.select(history_body.c.body).where(history_body.c.seq == event.seq))[0].body
    assert canonical.loads(body)["inputs"]["text"] == "请@bob看一下 <b>now</b>, @bob."
    assert (event.actor, event.element) == ("ann", "write")


def test_author_who_mentions_themselves_is_not_told(small: Small, case_id: str) -> None:
    small.do("ann", comments.add, case_id, "@ann @ann")
    assert small.do("ann", notices.recent, 10) == []


@pytest.mark.parametrize(("text", "code"), [
    ("", "comment_empty"), ("  \n\x00 ", "comment_empty"), ("字" * 10_001, "comment_too_long")])
def test_empty_and_overlong_comments_are_refused(small: Small, case_id: str, text: str, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        small.do("ann", comments.add, case_id, text)
    assert refused.value.code == code
    assert small.rows(sa.select(comment)) == []


def test_comment_of_exactly_the_limit_is_kept_whole(small: Small, case_id: str) -> None:
    small.do("ann", comments.add, case_id, "😀" * 10_000)
    assert len(small.rows(sa.select(comment))[0].text) == 10_000


def test_mention_of_who_may_not_see_the_case_is_refused(small: Small, case_id: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        small.do("ann", comments.add, case_id, "@eva please")
    assert (refused.value.code, refused.value.facts["value"]) == ("mention_may_not_see", "eva")


@pytest.mark.parametrize("text", ["mail bob@example.org", "@nobody", "@ bob", "a@bob"])
def test_what_names_nobody_is_text(small: Small, case_id: str, text: str) -> None:
    small.do("ann", comments.add, case_id, text)
    assert small.do("ann", comments.listing, case_id)[0].parts == (("", text),)
    assert small.do("bob", notices.recent, 10) == []


def test_comment_is_taken_on_a_suspended_case_and_on_one_that_is_over(small: Small, case_id: str, clock: Clock) -> None:
    small.do("root", instances.suspend, case_id, reason="inventory")
    small.do("ann", comments.add, case_id, "while suspended")
    small.do("root", instances.terminate, case_id, reason="mistake")
    clock.move(minutes=1)
    small.do("ann", comments.add, case_id, "afterwards")
    assert [found.parts[0][1] for found in small.do("ann", comments.listing, case_id)] == ["while suspended", "afterwards"]


def test_comment_by_who_may_not_see_the_case_or_on_a_foreign_task_is_refused(small: Small, case_id: str) -> None:
    with pytest.raises(Forbidden):
        small.do("eva", comments.add, case_id, "hello")
    other = small.start()
    with pytest.raises(NotFound):
        small.do("ann", comments.add, other, "hello", task_id=f"{case_id}.2")


def test_people_are_those_who_may_see_the_case(small: Small, case_id: str) -> None:
    def look(uow):
        return [row.id for row in comments.people(uow, uow.lock_instance(case_id))]
    assert small.do("ann", look) == ["ann", "bob", "root"]
