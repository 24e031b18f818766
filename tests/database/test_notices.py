"""Notices: told with the deed, once, to those who did not do it; seen when they say so."""

from engine import notices, settings_of_people
from engine.unit_of_work import UnitOfWork
from tests.small_company import Small


def tell(uow: UnitOfWork, user: str, subject: str = "s", **more: object) -> None:
    notices.tell(uow, user, "assigned", subject=subject, **more)  # type: ignore[arg-type]


def words(uow: UnitOfWork, language: str = "en") -> list[str]:
    return [each.words(language) for each in notices.recent(uow, 10)]


def test_the_same_is_told_once(small: Small):
    for _ in range(2):
        small.do("ann", tell, "bob")
    assert small.do("bob", notices.unseen) == 1


def test_nobody_is_told_of_their_own_deed(small: Small):
    small.do("ann", tell, "ann")
    assert small.do("ann", notices.unseen) == 0


def test_who_is_unknown_or_gone_is_told_nothing(small: Small):
    small.do("ann", tell, "nobody")


def test_a_seen_notice_counts_no_more_and_stays_in_the_list(small: Small):
    small.do("ann", tell, "bob", "one")
    small.do("ann", tell, "bob", "two")
    first = small.do("bob", notices.recent, 1)[0]
    small.do("ann", notices.mark_seen, [first.id])  # another's
    assert small.do("bob", notices.unseen) == 2
    small.do("bob", notices.mark_seen, [first.id])
    assert small.do("bob", notices.unseen) == 1
    small.do("bob", notices.mark_seen, None)
    assert small.do("bob", notices.unseen) == 0
    assert len(small.do("bob", notices.recent, 10)) == 2


def test_older_notices_follow_by_key(small: Small):
    for number in range(5):
        small.do("ann", tell, "bob", str(number))
    first = small.do("bob", notices.recent, 3)
    rest = small.do("bob", notices.recent, 3, before=first[-1].key)
    assert len({each.id for each in (*first, *rest)}) == 5


def test_a_notice_says_who_did_what(small: Small):
    small.do("ann", tell, "bob", case="C-1", task="Repair")
    assert small.do("bob", words) == ["ann assigned you “Repair” of case C-1"]
    assert small.do("bob", words, "zh") == ["ann把工单 C-1 的任务“Repair”指派给您"]


def test_a_choice_is_kept_and_replaced_and_forgotten(small: Small):
    small.do("ann", settings_of_people.choose, "columns", ["due"])
    small.do("ann", settings_of_people.choose, "columns", ["due", "case"])
    assert small.do("ann", settings_of_people.chosen, "columns", []) == ["due", "case"]
    assert small.do("bob", settings_of_people.chosen, "columns", []) == []
    small.do("ann", settings_of_people.choose, "columns", None)
    assert small.do("ann", settings_of_people.chosen, "columns", []) == []
