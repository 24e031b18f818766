"""What administrators change: allowed only where it makes sense, and every change on a chain of its own."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from engine import directory, history, identity, offices, organization, tasks, user_import
from engine.audit import verification
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue
from engine.tables import history_body, history_event, record_chain
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small


def findings(engine: ProcessEngine) -> list[str]:
    with engine.reading(SYSTEM) as uow:
        return [found.kind for found in verification.verify(uow)]


def record(engine: ProcessEngine, *names: str) -> None:
    with engine.transaction(SYSTEM) as uow:
        for name in names:
            history.record_change(uow, "rename", subject="user:ann", before={"name": "ann"}, after={"name": name}, reason="wed")


def change_and_fail(engine: ProcessEngine) -> None:
    with engine.transaction(SYSTEM) as uow:
        history.record_change(uow, "rename", subject="user:ann", before=None, after=None)
        raise ZeroDivisionError


# ------------------------------------------------------------------ the chain
def test_changes_form_one_chain_across_transactions(engine: ProcessEngine) -> None:
    record(engine, "Anna", "Anne")
    record(engine, "Ann")
    with engine.reading(SYSTEM) as uow:
        seqs = [row.seq for row in uow.rows(sa.select(history_event).order_by(history_event.c.seq))]
        assert uow.scalar(sa.select(record_chain.c.head_seq)) == 3
    assert seqs == [1, 2, 3]
    assert findings(engine) == []


def test_change_that_fails_leaves_no_link(engine: ProcessEngine) -> None:
    record(engine, "Anna")
    with pytest.raises(ZeroDivisionError):
        change_and_fail(engine)
    record(engine, "Ann")
    assert findings(engine) == []


@pytest.mark.parametrize(("column", "value", "kind"), [("head_seq", 5, "head"), ("head_hash", "0" * 64, "head")])
def test_moved_head_is_found(engine: ProcessEngine, column: str, value: object, kind: str) -> None:
    record(engine, "Anna")
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(record_chain).values({column: value}))
    assert findings(engine) == [kind]


def test_change_slipped_in_behind_the_head_is_found(engine: ProcessEngine) -> None:
    record(engine, "Anna")
    with engine.transaction(SYSTEM) as uow:
        history.record(uow, history.ORGANIZATION, history.Head(1, history.GENESIS), command="rename", element="user:ann",
                       bundle_id="", body={})
    assert findings(engine) == ["chain"]


def test_changes_without_their_head_are_found(engine: ProcessEngine) -> None:
    record(engine, "Anna")
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(record_chain))
    assert findings(engine) == ["no_instance"]


# ------------------------------------------------------------------ users
def change(small: Small, user: str, actor: str = "root", revision: int | None = None, **wanted: object) -> bool:
    def verb(uow: UnitOfWork) -> bool:
        before = organization.profile(uow, identity.user(uow, user))
        return organization.change_user(uow, user, replace(before, **wanted), revision=revision)  # type: ignore[arg-type]
    return bool(small.do(actor, verb))


def log(small: Small) -> list[tuple[str, str]]:
    return [(row.command, row.subject) for row in small.do("root", directory.changes)[0]]


def second_admin(small: Small) -> None:
    with small.engine.transaction(SYSTEM) as uow:
        identity.create_user(uow, "rosa", name="rosa", hashed="", is_admin=True)


def test_change_of_a_user_is_on_the_record_with_before_and_after(small: Small) -> None:
    assert change(small, "eva", name="Eva", memberships=frozenset({("engineers", "south"), ("staff", "")}))
    found = small.do("root", directory.changes)[0][0]
    assert (found.command, found.subject, found.actor) == ("change_user", "user:eva", "root")
    assert ("memberships", ["engineers@north"], ["engineers@south", "staff"]) in found.differences
    assert ("name", "eva", "Eva") in found.differences
    with small.engine.reading(SYSTEM) as uow:
        assert identity.actor(uow, "eva").memberships == {("engineers", "south"), ("staff", "")}


def test_same_profile_again_changes_and_records_nothing(small: Small) -> None:
    assert change(small, "eva", name_en="Eva") is True
    assert change(small, "eva", name_en="Eva") is False
    assert len(log(small)) == 1


def test_stale_page_is_refused_with_who_was_quicker(small: Small) -> None:
    second_admin(small)
    change(small, "eva", actor="rosa", revision=1, name="Eva")
    with pytest.raises(AlreadyChanged) as refused:
        change(small, "eva", revision=1, name="Evi")
    assert refused.value.facts["who"] == "rosa"


@pytest.mark.parametrize(("wanted", "code"), [
    ({"memberships": frozenset({("engineers", "")})}, "group_needs_office"),
    ({"memberships": frozenset({("staff", "north")})}, "group_is_central"),
    ({"memberships": frozenset({("engineers", "moon")})}, "no_such_office"),
    ({"memberships": frozenset({("pilots", "")})}, "no_such_group"),
    ({"email": "eva at home"}, "email"), ({"name": "  "}, "name_missing"), ({"name": "a\nb"}, "text_unusable"),
    ({"name": "长" * 201}, "text_unusable"), ({"language": "fr"}, "language"),
])
def test_profile_that_makes_no_sense_is_refused(small: Small, wanted: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        change(small, "eva", **wanted)
    assert refused.value.code == code
    assert log(small) == []


def test_only_administrators_change_users(small: Small) -> None:
    with pytest.raises(Forbidden):
        change(small, "eva", actor="lea", is_admin=True)


def test_nobody_takes_the_own_administrators_right(small: Small) -> None:
    second_admin(small)
    with pytest.raises(Conflict, match="own_account"):
        change(small, "root", is_admin=False)
    with pytest.raises(Conflict, match="own_account"):
        small.do("root", organization.deactivate_user, "root", revision=None, reason="leaves")


def test_last_administrator_stays(small: Small) -> None:
    with pytest.raises(Conflict, match="last_administrator"):
        change(small, "root", actor="system", is_admin=False)
    with pytest.raises(Conflict, match="last_administrator"):
        small.do("system", organization.deactivate_user, "root", revision=None, reason="leaves")
    second_admin(small)
    assert change(small, "root", actor="rosa", is_admin=False)


def test_account_with_open_tasks_is_not_closed(small: Small) -> None:
    small.deploy(diagram(start(), user("visit", "staff"), end(), flows("begin", "visit", "done"), starters="staff"))
    small.start("ann")
    small.do("ann", tasks.claim, small.task("visit").id)
    with pytest.raises(Conflict) as refused:
        small.do("root", organization.deactivate_user, "ann", revision=None, reason="leaves")
    assert (refused.value.code, refused.value.facts["n"]) == ("user_has_tasks", 1)
    small.do("ann", tasks.release, small.task("visit").id)
    small.do("root", organization.deactivate_user, "ann", revision=None, reason="leaves")
    with pytest.raises(Forbidden), small.engine.reading(SYSTEM) as uow:
        identity.actor(uow, "ann")
    small.do("root", organization.activate_user, "ann", revision=None)
    assert [command for command, _ in log(small)][:2] == ["activate_user", "deactivate_user"]


def test_closing_needs_a_reason(small: Small) -> None:
    with pytest.raises(InvalidValue, match="reason_missing"):
        small.do("root", organization.deactivate_user, "ann", revision=None, reason=" ")


def test_password_is_not_on_the_record(small: Small) -> None:
    small.do("root", organization.reset_password, "ann", "secret-hash")
    assert all(b"secret-hash" not in bytes(row.body) for row in small.rows(sa.select(history_body)))
    assert log(small) == [("reset_password", "user:ann")]


# ------------------------------------------------------------------ groups and offices
def test_office_with_open_cases_is_not_closed(small: Small) -> None:
    small.deploy(diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done"), starters="engineers"))
    small.start("eva", office="north")
    same = {"name": "北", "name_en": "North", "region": ""}
    with pytest.raises(Conflict) as refused:
        small.do("root", offices.change_office, "north", is_active=False, **same)
    assert (refused.value.code, refused.value.facts["n"]) == ("office_has_cases", 1)
    small.complete("visit", "eva")
    assert small.do("root", offices.change_office, "north", is_active=False, **same)
    assert log(small)[:1] == [("change_office", "office:north")]


def test_no_case_begins_in_a_closed_office(small: Small) -> None:
    small.deploy(diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done"), starters="engineers"))
    small.do("root", offices.change_office, "north", is_active=False, name="北", name_en="North", region="")
    with pytest.raises(InvalidValue, match="office"):
        small.start("eva", office="north")


def test_head_office_stays_open(small: Small) -> None:
    with pytest.raises(Conflict, match="head_office"):
        small.do("root", offices.change_office, "head", is_active=False, name="总部", name_en="Head", region="")


def test_group_is_added_once_and_renamed(small: Small) -> None:
    small.do("root", offices.create_group, "pilots", name="飞行员", name_en="Pilots", by_office=True, leads=False)
    with pytest.raises(Conflict, match="key_exists"):
        small.do("root", offices.create_group, "pilots", name="飞行员", name_en="Pilots", by_office=False, leads=False)
    assert small.do("root", offices.change_group, "pilots", name="机长", name_en="Captains", leads=True)
    assert log(small) == [("change_group", "group:pilots"), ("create_group", "group:pilots")]
    with pytest.raises(InvalidValue, match="key"):
        small.do("root", offices.create_group, "../x", name="x", name_en="x", by_office=False, leads=False)


def test_changes_are_paged_and_narrowed(small: Small) -> None:
    for name in ("a", "b", "c"):
        change(small, "eva", name=name)
    second_admin(small)
    change(small, "ann", actor="rosa", name="Ann")
    first, following = small.do("root", directory.changes, limit=3)
    rest, end_ = small.do("root", directory.changes, before=following, limit=3)
    assert [row.seq for row in (*first, *rest)] == [4, 3, 2, 1]
    assert end_ is None
    assert [row.subject for row in small.do("root", directory.changes, actor="rosa")[0]] == ["user:ann"]


# ------------------------------------------------------------------ users from a file
FILE = "user,name,name_en,email,language,memberships\n"


def check(small: Small, text: str) -> user_import.Preview:
    return small.do("root", user_import.preview, text)


def test_each_row_gets_its_verdict(small: Small) -> None:
    text = FILE + ("ann,ann,ann,,zh,staff\nbob,鲍勃,Bob,bob@x.example,zh,staff\nnew,新人,New,,en,engineers@north; staff\n"
                   "BAD,x,x,,zh,\nold,旧人,Old,,zh,engineers\nnew,又来,x,,zh,staff\n")
    small.do("root", lambda uow: organization.change_user(
        uow, "ann", organization.profile(uow, identity.user(uow, "ann")), revision=None))
    found = check(small, text)
    assert [verdict.what for verdict in found.verdicts] == ["unchanged", "changed", "new", "error", "error", "error"]
    assert [verdict.error.code for verdict in found.verdicts if verdict.error] == ["user_name", "group_needs_office", "csv_twice"]


def test_preview_writes_nothing_and_confirm_writes_all(small: Small) -> None:
    text = FILE + "bob,鲍勃,Bob,,zh,staff\nnew,新人,New,,en,engineers@north\n"
    found = check(small, text)
    assert log(small) == []
    small.do("root", user_import.confirm, text, found.digest, {"new": "hash"})
    with small.engine.reading(SYSTEM) as uow:
        assert identity.actor(uow, "new").memberships == {("engineers", "north")}
        assert identity.user(uow, "bob").name == "鲍勃"
    assert [command for command, _ in log(small)] == ["import_users", "create_user", "change_user"]


def test_confirm_is_refused_when_users_changed_meanwhile(small: Small) -> None:
    text = FILE + "bob,鲍勃,Bob,,zh,staff\n"
    found = check(small, text)
    change(small, "bob", email="bob@x.example")
    with pytest.raises(Conflict, match="import_changed"):
        small.do("root", user_import.confirm, text, found.digest, {})
    with pytest.raises(Conflict, match="import_changed"):
        small.do("root", user_import.confirm, text + "ann,安,Ann,,zh,staff\n", check(small, text).digest, {})


def test_file_with_one_wrong_row_writes_nothing(small: Small) -> None:
    text = FILE + "bob,鲍勃,Bob,,zh,staff\nann,,,,zh,staff\n"
    with pytest.raises(Conflict, match="import_has_errors"):
        small.do("root", user_import.confirm, text, check(small, text).digest, {})
    assert log(small) == []


def test_rights_are_kept_by_an_import(small: Small) -> None:
    text = "user,name\nroot,根\n"
    small.do("root", user_import.confirm, text, check(small, text).digest, {})
    with small.engine.reading(SYSTEM) as uow:
        assert identity.actor(uow, "root").is_admin


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_chinese_survives_every_encoding(encoding: str) -> None:
    assert user_import.decode("用户,姓名".encode(encoding)) == "用户,姓名"


@pytest.mark.parametrize(("text", "code"), [
    ("", "csv_columns"), ("user,salary\n", "csv_columns"), ("name\nx\n", "csv_columns"), (FILE, "csv_rows"),
    (FILE + 'ann,"open\n', "csv"), (FILE + "a,b,c,d,e,f,g\n", "csv"), (FILE + "ann,ann\n" * 501, "csv_rows"),
])
def test_file_that_is_no_table_of_users_is_refused(small: Small, text: str, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check(small, text)
    assert refused.value.code == code


def test_picture_is_no_csv() -> None:
    with pytest.raises(InvalidValue, match="csv_encoding"):
        user_import.decode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
