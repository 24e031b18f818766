"""Who may: candidate groups within offices, starters, leads, `not_by`, and what each sees."""

import pytest
import sqlalchemy as sa

from engine import identity, passwords, tasks
from engine.errors import Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import process_instance
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.diagram_text import diagram, end, flows, properties, start, user
from tests.small_company import Small

VISIT = diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done"), starters="staff,leads,engineers")
TWO_EYES = diagram(
    start(), user("quote"), user("approve", "staff", properties(not_by="quote, named")), end(),
    flows("begin", "quote", "approve", "done"))


def sees(small: Small, who: str, case: str) -> bool:
    def look(uow):
        return identity.may_see(uow, uow.row(sa.select(process_instance).where(process_instance.c.id == case)))
    return small.do(who, look)


# ------------------------------------------------------------------ offices
def test_a_task_is_for_its_office(small: Small):
    small.deploy(VISIT)
    small.start("ann", office="north")
    with pytest.raises(Forbidden):
        small.do("eli", tasks.claim, small.task("visit").id)
    small.complete("visit", "eva")


def test_one_offices_staff_do_not_see_anothers_case(small: Small):
    small.deploy(VISIT)
    case = small.start("eva", office="north")
    assert [who for who in ("ann", "eva", "eli", "lea", "root") if sees(small, who, case)] == ["ann", "eva", "lea", "root"]


def test_the_list_rule_agrees_with_the_single_rule(small: Small):
    """`seen_cases` is `may_see` as a condition."""
    small.deploy(VISIT)
    cases = [small.start("ann", office=office) for office in ("north", "south", "head")]
    for who in ("ann", "eva", "eli", "lea", "root"):
        with small.engine.reading(SYSTEM) as uow:
            actor = identity.actor(uow, who)
            listed = {row.id for row in uow.rows(sa.select(process_instance.c.id).where(identity.seen_cases(actor)))}
        assert listed == {case for case in cases if sees(small, who, case)}, who


def test_the_starters_only_office_is_the_cases(small: Small):
    small.deploy(VISIT)
    assert small.case(small.start("eva")).office == "north"
    assert small.case(small.start("ann")).office == "head"


# ------------------------------------------------------------------ starting
def test_only_starter_groups_start(small: Small):
    small.deploy(diagram(start(), user("visit"), end(), flows("begin", "visit", "done"), starters="leads"))
    with pytest.raises(Forbidden):
        small.start("ann")
    small.start("lea")
    small.start("root")


def test_without_starter_groups_only_administrators_and_technical_accounts_start(small: Small):
    small.deploy(diagram(start(), user("visit"), end(), flows("begin", "visit", "done"), starters=""))
    small.do("system", identity.create_user, "machine", name="machine", hashed="", acts_everywhere=True)
    for who in ("ann", "lea"):
        with pytest.raises(Forbidden):
            small.start(who)
    small.start("root")
    small.start("machine")


# ------------------------------------------------------------------ not_by
def test_who_completed_the_named_task_may_not_take_the_next(small: Small):
    small.deploy(TWO_EYES)
    small.start()
    small.complete("quote", "ann")
    with pytest.raises(Forbidden):
        small.complete("approve", "ann")
    small.complete("approve", "bob")


def test_who_is_named_in_the_variable_may_not_take_it_nor_be_given_it(small: Small):
    small.deploy(TWO_EYES)
    small.start("root", variables={"named": ["bob"]})
    small.complete("quote", "ann")
    wanted = small.task("approve").id
    with pytest.raises(Forbidden):
        small.do("bob", tasks.claim, wanted)
    with pytest.raises(InvalidValue):
        small.do("root", tasks.assign, wanted, assignee="bob")


def test_administrators_are_not_above_the_rule(small: Small):
    small.deploy(TWO_EYES)
    small.start()
    small.complete("quote", "root")
    with pytest.raises(Forbidden):
        small.complete("approve", "root")
    small.complete("approve", "ann")


# ------------------------------------------------------------------ people
def test_members_are_the_active_ones_of_the_office(small: Small):
    def names(group: str, office: str) -> list[str]:
        return [row.id for row in small.do("system", identity.members, group, office)]
    assert names("engineers", "north") == ["eva"]
    assert names("engineers", "south") == ["eli"]
    assert names("staff", "north") == ["ann", "bob"]


@pytest.mark.parametrize(("memberships", "code"), [
    ([("engineers", "")], "group_needs_office"), ([("engineers", "nowhere")], "group_needs_office"),
    ([("staff", "north")], "group_is_central")])
def test_a_membership_has_an_office_exactly_when_the_group_acts_within_one(small: Small, memberships, code):
    with pytest.raises(InvalidValue) as refused:
        small.do("system", identity.create_user, "new", name="new", hashed="", memberships=memberships)
    assert refused.value.code == code
    with pytest.raises(NotFound):
        small.do("system", identity.user, "new")


def test_a_membership_of_no_group_is_refused(small: Small):
    with pytest.raises(NotFound):
        small.do("system", identity.create_user, "new", name="new", hashed="", memberships=[("nobody", "")])


def test_a_user_is_made_once(small: Small):
    with pytest.raises(Conflict):
        small.do("system", identity.create_user, "ann", name="another", hashed="")


def test_a_user_needs_a_plain_id(small: Small):
    with pytest.raises(InvalidValue):
        small.do("system", identity.create_user, "An na", name="x", hashed="")


def test_seeding_again_changes_nobody(small: Small):
    small.do("system", passwords.set_password, "ann", "kept")
    Small(small.engine)
    assert small.do("system", passwords.password_hash, "ann") == "kept"


# ------------------------------------------------------------------ passwords
def test_the_right_password_opens_and_others_do_not(engine: ProcessEngine):
    stored = passwords.hash_password("秘密 1")
    assert stored.startswith("$argon2id$")
    assert passwords.verify_password(stored, "秘密 1")
    assert not passwords.verify_password(stored, "秘密 2")
    assert not passwords.verify_password(None, "")
    assert not passwords.verify_password("", "")
