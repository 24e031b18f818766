"""The bell, the notices, my settings and my absence, without scripts."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import identity, notices, passwords, settings_of_people, substitutions
from engine.tables import substitution, web_session
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine
from tests.conftest import Clock
from tests.web_client import PASSWORD, Client, app_of
from web.layout.words import ZONE

ME = "engineer.changsha"
COLLEAGUE = "engineer2.changsha"
NEW = "a longer password"


@pytest.fixture
def client(company: ProcessEngine) -> Client:
    client = Client(app_of(company))
    client.sign_in(ME)
    return client


def tell(engine: ProcessEngine, subject: str, user: str = ME, by: str = COLLEAGUE) -> None:
    with engine.reading(SYSTEM) as uow:
        who = identity.actor(uow, by)
    with engine.transaction(who) as uow:
        notices.tell(uow, user, "assigned", subject=subject, task=f"任务{subject}", case="C-1", reason="<b>请")


def unseen(engine: ProcessEngine) -> int:
    with engine.reading(SYSTEM) as uow:
        who = identity.actor(uow, ME)
    with engine.reading(who) as uow:
        return notices.unseen(uow)


# ------------------------------------------------------------------ notices
def test_the_bell_of_every_page_counts_and_lists_what_is_unseen(client: Client, company: ProcessEngine):
    tell(company, "一")
    tell(company, "二")
    for page in ("/inbox", "/start", "/me"):
        client.get(page)
        assert 'bell-count num">2<' in client.page, page
        assert "长沙工程师二把工单 C-1 的任务“任务一”指派给您" in client.page


def test_an_empty_list_of_notices_says_what_will_come(client: Client):
    client.get("/notices")
    assert "没有通知" in client.page
    assert "bell-count" not in client.page


def test_following_a_notice_leads_on_and_marks_it_seen(client: Client, company: ProcessEngine):
    tell(company, "一")
    client.get("/notices")
    address = re.findall(r'href="(/notices/[0-9a-f]{24})"', client.page)[0]
    assert client.get(address).status_code == 302
    assert unseen(company) == 0
    assert client.get("/notices/nonsense").status_code == 404


def test_a_notice_of_somebody_else_is_not_found(client: Client, company: ProcessEngine):
    tell(company, "一", user="admin")
    with company.reading(SYSTEM) as uow:
        found = uow.scalar(sa.text("SELECT id FROM notice"))
    assert client.get(f"/notices/{found}").status_code == 404


def test_all_are_marked_as_seen_at_once(client: Client, company: ProcessEngine):
    tell(company, "一")
    tell(company, "二")
    client.get("/notices")
    assert "&lt;b&gt;请" in client.page
    client.send("/notices/seen")
    assert unseen(company) == 0


def test_older_notices_are_on_the_next_page(client: Client, company: ProcessEngine):
    for number in range(51):
        tell(company, f"第{number}号")
    client.get("/notices")
    address = re.findall(r'href="(/notices\?after=[^"]+)"', client.page)[0]
    client.get(address.replace("&amp;", "&"))
    assert len(re.findall(r'<li class="is-unseen"', client.page)) == 1


def test_a_key_that_is_none_is_refused_in_words(client: Client):
    assert client.get("/notices?after=yesterday").status_code == 400


# ------------------------------------------------------------------ settings
def test_what_is_mailed_is_chosen_by_kind(client: Client, company: ProcessEngine):
    client.get("/me")
    client.send("/me/mail", assigned="now", late="digest", digest="on")
    assert client.get("/me?saved=mail").status_code == 200
    assert "邮件提醒的选择已保存" in client.page
    assert re.search(r'name="assigned">.*?value="now" selected', client.page)
    with company.reading(identity_of(company)) as uow:
        assert settings_of_people.chosen(uow, notices.MAILED, {}) == {"assigned": "now", "late": "digest"}
        assert settings_of_people.chosen(uow, notices.DIGEST, default=False) is True
    client.send("/me/mail", assigned="hourly")
    assert client.response is not None
    assert client.response.status_code == 400


def identity_of(engine: ProcessEngine) -> Actor:
    with engine.reading(SYSTEM) as uow:
        return identity.actor(uow, ME)


def test_a_new_password_holds_and_ends_sessions_elsewhere(client: Client, company: ProcessEngine):
    elsewhere = Client(app_of(company))
    elsewhere.sign_in(ME)
    client.get("/me")
    assert client.send("/me/password", old=PASSWORD, new=NEW, again=NEW).status_code == 302
    assert client.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 302
    with company.reading(SYSTEM) as uow:
        assert len(uow.rows(sa.select(web_session).where(web_session.c.user_id == ME))) == 1
        assert passwords.verify_password(passwords.password_hash(uow, ME), NEW)


@pytest.mark.parametrize(("typed", "status", "words"), [
    (("wrong", NEW, NEW), 403, "原密码不正确"), ((PASSWORD, "1234567", "1234567"), 400, "至少 8 个字符"),
    ((PASSWORD, NEW, NEW + "x"), 400, "两次输入的新密码不一致"),
])
def test_a_password_that_cannot_be_is_refused(
        client: Client, company: ProcessEngine, typed: tuple[str, str, str], status: int, words: str):
    client.get("/me")
    old, new, again = typed
    assert client.send("/me/password", old=old, new=new, again=again).status_code == status
    assert words in client.page
    with company.reading(SYSTEM) as uow:
        assert passwords.verify_password(passwords.password_hash(uow, ME), PASSWORD)


def test_the_old_password_cannot_be_guessed_for_ever(client: Client):
    client.get("/me")
    told = [client.send("/me/password", old=f"guess{n}", new=NEW, again=NEW).status_code for n in range(11)]
    assert told == [403] * 10 + [429]


# ------------------------------------------------------------------ absence
def fields(clock: Clock, **change: str) -> dict[str, str]:
    begin = clock.now.astimezone(ZONE)
    return {"from": begin.strftime("%Y-%m-%dT%H:%M"), "until": (begin + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"),
            "substitute": COLLEAGUE, "reason": "年假", **change}


def test_a_person_enters_an_absence_and_ends_it_early(client: Client, company: ProcessEngine, clock: Clock):
    client.get("/me/absence")
    assert COLLEAGUE in client.page
    assert "engineer.yueyang" not in client.page
    assert client.send("/me/absence", **fields(clock)).status_code == 302
    client.get("/me/absence")
    assert "由长沙工程师二代理" in client.page
    with company.reading(SYSTEM) as uow:
        row = uow.rows(sa.select(substitution))[0]
        assert (row.user_id, row.substitute_id, row.from_at) == (ME, COLLEAGUE, clock.now)
    assert client.send(f"/me/absence/{row.id}/end").status_code == 302
    client.get("/me/absence")
    assert "由长沙工程师二代理" not in client.page


def test_a_refused_absence_keeps_what_was_typed(client: Client, clock: Clock):
    client.get("/me/absence")
    assert client.send("/me/absence", **fields(clock, until="2026-01-01T08:00", reason="回老家 <i>")).status_code == 400
    assert "结束时间必须晚于开始时间" in client.page
    assert 'value="回老家 &lt;i&gt;"' in client.page
    assert client.send("/me/absence", **fields(clock, until="tomorrow")).status_code == 400


def test_a_lead_enters_the_absence_of_an_engineer_of_the_office_only(company: ProcessEngine, clock: Clock):
    lead = Client(app_of(company))
    lead.sign_in("lead.changsha")
    lead.get(f"/me/absence?user={ME}")
    assert lead.send("/me/absence", **fields(clock)).status_code == 302
    lead.get("/me/absence")
    assert "我负责的人员" in lead.page
    assert lead.get("/me/absence?user=engineer.yueyang").status_code == 403


def test_the_substitute_sees_for_whom(client: Client, company: ProcessEngine, clock: Clock):
    with company.transaction(identity_of(company)) as uow:
        substitutions.enter(uow, ME, substitute=COLLEAGUE, from_at=clock.now, until_at=clock.now + timedelta(days=1),
                            reason="年假")
    colleague = Client(app_of(company))
    colleague.sign_in(COLLEAGUE)
    colleague.get("/me/absence")
    assert "代理长沙工程师" in colleague.page
    assert 'bell-count num">1<' in colleague.page
