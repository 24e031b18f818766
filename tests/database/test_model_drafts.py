"""Drafts of definitions: several people save by turns, nobody's work is overwritten, a whole sitting can be undone."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from engine import bundles, identity
from engine.diagram.check import File
from engine.errors import AlreadyChanged, Conflict, DeploymentRefused, EngineError, Forbidden, InvalidValue
from engine.modeling import drafts, library, saves
from engine.settings import ROOT
from engine.tables import history_event, model_save
from engine.unit_of_work import SYSTEM, ProcessEngine

SHIPPED = (ROOT / "bpmn" / "parts_issue.bpmn").read_bytes()
NAME = "parts_issue.bpmn"
Result = TypeVar("Result")


class Owners:
    """People who do one thing in a transaction each."""

    def __init__(self, engine: ProcessEngine) -> None:
        self.engine = engine

    def do(self, user: str, verb: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        with self.engine.reading(SYSTEM) as uow:
            actor = identity.actor(uow, user)
        with self.engine.transaction(actor) as uow:
            return verb(uow, *args, **kwargs)

    def draft(self, user: str = "process_owner", **more: Any) -> str:
        given = {"title": "配件发放改版", "reason": "缩短期限", "definitions": [self.newest("parts_issue")], **more}
        return self.do(user, drafts.create, **given)

    def newest(self, key: str) -> str:
        with self.engine.reading(SYSTEM) as uow:
            row = bundles.latest(uow, "process", key)
            assert row is not None
            return str(row.id)

    def revision(self, draft: str, name: str = NAME) -> int:
        with self.engine.reading(SYSTEM) as uow:
            return int(drafts.files(uow, draft)[name].revision)

    def content(self, draft: str, name: str = NAME) -> bytes:
        with self.engine.reading(SYSTEM) as uow:
            return drafts.content(uow, draft, name)

    def save(self, user: str, draft: str, data: bytes, *, name: str = NAME, session: str = "",
             revision: int | None = None) -> int:
        known = revision if revision is not None else self.revision(draft, name)
        return self.do(user, drafts.save, draft, name, data, revision=known, session=session)


@pytest.fixture
def owners(company: ProcessEngine) -> Owners:
    return Owners(company)


def changed(mark: str) -> bytes:
    """The shipped diagram with another label; still a right one."""
    found = SHIPPED.replace("配件".encode(), f"配件{mark}".encode(), 1)
    assert found != SHIPPED
    return found


def test_draft_of_a_definition_begins_with_the_very_bytes_in_effect(owners: Owners, company: ProcessEngine) -> None:
    draft = owners.draft()
    assert owners.content(draft) == SHIPPED
    with company.reading(SYSTEM) as uow:
        assert drafts.get(uow, draft).process_key == "parts_issue"


def test_draft_of_a_procedure_takes_up_its_forms_and_decisions(owners: Owners, company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow:
        row = bundles.latest(uow, "process", "complaint")
        assert row is not None
        parts = library.parts(uow, row)
    draft = owners.draft(definitions=parts)
    with company.reading(SYSTEM) as uow:
        kinds = {each.kind for each in drafts.files(uow, draft).values()}
    assert kinds >= {"process", "form"}
    assert len(parts) > 3


def test_only_who_models_makes_or_changes_a_draft(owners: Owners) -> None:
    draft = owners.draft()
    for user in ("clerk", "management_representative", "api"):
        with pytest.raises(Forbidden):
            owners.draft(user)
        with pytest.raises(Forbidden):
            owners.save(user, draft, changed("一"))
    owners.save("process_owner2", draft, changed("一"))
    owners.save("admin", draft, changed("二"))
    assert owners.do("admin", drafts.authors, draft) == ["admin", "process_owner", "process_owner2"]


def test_loser_of_a_race_learns_who_was_quicker_and_loses_nothing(owners: Owners) -> None:
    draft = owners.draft()
    begun = owners.revision(draft)
    owners.save("process_owner", draft, changed("一"), revision=begun)
    with pytest.raises(AlreadyChanged) as refused:
        owners.save("process_owner2", draft, changed("二"), revision=begun)
    assert (refused.value.code, refused.value.facts["who"]) == ("model_changed", "process_owner")
    assert owners.content(draft) == changed("一")


def test_of_two_saves_at_once_one_wins_and_the_other_is_told(owners: Owners) -> None:
    draft = owners.draft()
    begun, together = owners.revision(draft), threading.Barrier(2)

    def save(user: str) -> str:
        together.wait()
        try:
            owners.save(user, draft, changed(user), revision=begun)
        except AlreadyChanged as lost:
            return str(lost.facts["who"])
        return "won"

    with ThreadPoolExecutor(2) as people:
        first, second = people.map(save, ["process_owner", "process_owner2"])
    winner, told = ("process_owner", second) if first == "won" else ("process_owner2", first)
    assert (told, owners.content(draft)) == (winner, changed(winner))
    assert owners.revision(draft) == begun + 1


def test_saving_the_same_bytes_is_no_new_revision(owners: Owners) -> None:
    draft = owners.draft()
    before = owners.revision(draft)
    assert owners.save("process_owner2", draft, SHIPPED) == before
    assert owners.do("admin", drafts.authors, draft) == ["process_owner"]


def test_save_whose_reply_was_lost_is_sent_again_without_a_quarrel(owners: Owners) -> None:
    draft = owners.draft()
    begun = owners.revision(draft)
    saved = owners.save("process_owner", draft, changed("一"), revision=begun)
    assert owners.save("process_owner", draft, changed("一"), revision=begun) == saved


def test_file_that_comes_again_has_a_revision_of_its_own(owners: Owners) -> None:
    draft = owners.draft()
    first = owners.revision(draft)
    owners.do("process_owner", drafts.remove, draft, NAME, revision=first)
    with pytest.raises(AlreadyChanged):
        owners.save("process_owner2", draft, changed("二"), revision=first)
    again = owners.do("process_owner", drafts.save, draft, NAME, changed("三"), revision=None)
    assert again > first


def test_names_that_differ_by_case_only_are_one_file(owners: Owners) -> None:
    draft = owners.draft()
    with pytest.raises(AlreadyChanged, match="model_exists"):
        owners.do("process_owner", drafts.save, draft, "Parts_Issue.BPMN", changed("一"), revision=None)


@pytest.mark.parametrize("name", ["a.txt", "../a.bpmn", "a\\b.bpmn", "a\n.bpmn", " a.bpmn", "x" * 120 + ".bpmn", ".exe"])
def test_unusable_names_are_refused(owners: Owners, name: str) -> None:
    draft = owners.draft()
    with pytest.raises(InvalidValue, match="model_name"):
        owners.do("process_owner", drafts.save, draft, name, SHIPPED, revision=None)


@pytest.mark.parametrize(("data", "code"), [
    (b"PK\x03\x04 not xml", "xml_not_utf8"), (b"<a/>", "not_bpmn"), (b"", "xml_malformed"),
    (b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions/>', "xml_doctype"),
    (b"<" * 2_000_001, "xml_too_large"),
])
def test_what_cannot_be_opened_is_refused_and_what_was_there_stays(owners: Owners, data: bytes, code: str) -> None:
    draft = owners.draft()
    with pytest.raises(DeploymentRefused) as refused:
        owners.save("process_owner", draft, data)
    assert [each.code for each in refused.value.problems] in ([code], ["xml_malformed"])
    assert owners.content(draft) == SHIPPED


def test_xml_in_utf_16_is_kept_as_utf_8_with_the_same_content(owners: Owners) -> None:
    draft = owners.draft()
    text = changed("一").decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    owners.save("process_owner", draft, text.encode("utf-16"))
    assert owners.content(draft) == changed("一")


def test_undone_session_has_every_file_as_it_was(owners: Owners, company: ProcessEngine) -> None:
    draft = owners.draft(files=[File("extra.form", b'{"id": "extra", "type": "default", "components": []}')])
    session = owners.do("process_owner", drafts.open_session, draft).id
    for mark in "一二三":
        owners.save("process_owner", draft, changed(mark), session=session)
    owners.do("process_owner", drafts.remove, draft, "extra.form", revision=owners.revision(draft, "extra.form"), session=session)
    owners.do("process_owner", drafts.save, draft, "new.form", b'{"components": []}', revision=None, session=session)
    undone = owners.do("process_owner", drafts.undo_session, session)
    assert undone == ["extra.form", "new.form", NAME]
    with company.reading(SYSTEM) as uow:
        assert sorted(drafts.files(uow, draft)) == ["extra.form", NAME]
    assert owners.content(draft) == SHIPPED


def test_undoing_does_not_throw_away_what_somebody_else_saved(owners: Owners) -> None:
    draft = owners.draft()
    session = owners.do("process_owner", drafts.open_session, draft).id
    owners.save("process_owner", draft, changed("一"), session=session)
    owners.save("process_owner2", draft, changed("二"))
    with pytest.raises(AlreadyChanged, match="model_changed"):
        owners.do("process_owner", drafts.undo_session, session)
    assert owners.content(draft) == changed("二")


def test_session_is_its_owners_alone(owners: Owners) -> None:
    draft = owners.draft()
    session = owners.do("process_owner", drafts.open_session, draft).id
    with pytest.raises(EngineError, match="not_found"):
        owners.do("process_owner2", drafts.undo_session, session)


def test_who_else_is_editing_is_known_for_two_minutes(owners: Owners, clock: Any) -> None:
    draft = owners.draft()
    mine = owners.do("process_owner", drafts.open_session, draft)
    assert mine.others == ()
    assert [each.user for each in owners.do("process_owner2", drafts.open_session, draft).others] == ["process_owner"]
    clock.move(seconds=90)
    assert [each.user for each in owners.do("process_owner", drafts.touch, mine.id)] == ["process_owner2"]
    clock.move(seconds=90)
    assert owners.do("process_owner", drafts.touch, mine.id) == ()


def test_session_can_be_undone_after_more_saves_than_are_kept(owners: Owners, company: ProcessEngine) -> None:
    draft = owners.draft()
    session = owners.do("process_owner", drafts.open_session, draft).id
    for number in range(saves.KEPT + 2):
        owners.save("process_owner", draft, changed(str(number)), session=session)
    with company.reading(SYSTEM) as uow:
        kept = uow.rows(sa.select(model_save.c.revision).where(model_save.c.bytes.is_not(None)).order_by(model_save.c.revision))
    assert [row.revision for row in kept] == [1, *range(4, saves.KEPT + 4)]
    owners.do("process_owner", drafts.undo_session, session)
    assert owners.content(draft) == SHIPPED


def test_making_a_draft_is_on_the_record(owners: Owners, company: ProcessEngine) -> None:
    draft = owners.draft()
    with company.reading(SYSTEM) as uow:
        row = uow.row(sa.select(history_event).where(history_event.c.command == "create_draft"))
    assert row is not None
    assert (row.element, row.actor) == (f"draft:{draft}", "process_owner")


def test_discarded_draft_takes_no_more_saves(owners: Owners) -> None:
    from engine.modeling import approvals

    draft = owners.draft()
    owners.do("process_owner", approvals.discard, draft, reason="不再需要")
    with pytest.raises(Conflict, match="model_frozen"):
        owners.save("process_owner", draft, changed("一"))


