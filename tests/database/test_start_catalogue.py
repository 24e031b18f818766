"""The start catalogue: found by words, favourites, what I start most; and the warning of the same machine's open case."""

import pytest
import sqlalchemy as sa
from flask import Flask

from engine.tables import office
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.database.acting import Case, start
from tests.web_client import Client, app_of

LEAD = "lead.changsha"
REPORT = {"report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市某中学",
          "contact": "设备科", "phone": "0731-8840000", "region": "same_city", "reported_fault": "无显示"}


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def lead(app: Flask) -> Client:
    return signed_in(app, LEAD)


def signed_in(app: Flask, user: str) -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


def offered(client: Client, words: str = "") -> list[str]:
    """The keys of the processes that the catalogue shows, in order."""
    client.http.get("/start")
    client.get(f"/start?q={words}")
    pieces = client.page.split('class="choice start-choice"')[1:]
    return [piece.split('href="/start/')[1].split('"')[0] for piece in pieces]


def card(client: Client, serial: str) -> str:
    found = client.get(f"/machines?serial={serial}").json
    assert found is not None
    return str(found["html"])


def opened(company: ProcessEngine) -> Case:
    return start(company, LEAD, "in_warranty", **REPORT)


@pytest.mark.parametrize(("words", "key"), [("投诉", "complaint"), ("complaint", "complaint"), ("5.1.16", "out_of_warranty")])
def test_a_process_is_found_by_name_in_both_languages_and_by_clause(lead: Client, words: str, key: str) -> None:
    assert key in offered(lead, words)
    assert len(offered(lead, words)) < len(offered(lead))


def test_words_that_fit_nothing_lead_back_to_everything(lead: Client) -> None:
    assert offered(lead, "没有这种流程") == []
    assert "显示全部" in lead.page


def test_only_what_i_may_start_is_there(app: Flask) -> None:
    assert offered(signed_in(app, "parts_keeper")) == []
    assert "product_return" not in offered(signed_in(app, "clerk"))


def test_a_favourite_stands_first_until_it_is_none(lead: Client) -> None:
    last = offered(lead)[-1]
    lead.send(f"/start/{last}/favourite")
    assert offered(lead)[0] == last
    lead.send(f"/start/{last}/favourite")
    assert offered(lead)[-1] == last


def test_a_favourite_is_one_persons_own(app: Flask, lead: Client) -> None:
    last = offered(lead)[-1]
    lead.send(f"/start/{last}/favourite")
    assert offered(signed_in(app, "lead.yueyang"))[-1] == last


def test_what_i_may_not_start_cannot_be_a_favourite(lead: Client) -> None:
    lead.get("/start")
    token = lead.hidden(f"/start/{offered(lead)[0]}/favourite")
    assert lead.post("/start/satisfaction_survey/favourite", token).status_code == 404


def test_what_i_start_most_stands_first_of_the_rest(lead: Client) -> None:
    last = offered(lead)[-1]
    lead.get("/start/complaint")
    lead.send("/start/complaint", values='{"received_by": "phone", "customer": "长沙市某中学", "complaint_text": "慢"}')
    assert offered(lead)[0] == "complaint"
    assert last != "complaint"
    assert "您发起过 1 次" in lead.page


def test_an_open_case_of_the_same_machine_is_told_with_a_link(lead: Client, company: ProcessEngine) -> None:
    assert "未办结" not in card(lead, "CT2026001")
    case = opened(company)
    assert f'href="/cases/{case.id}"' in card(lead, "ct2026001")
    assert "未办结" in card(lead, "CT2026001")


def test_a_case_of_another_office_is_told_without_details(app: Flask, company: ProcessEngine) -> None:
    case = opened(company)
    told = card(signed_in(app, "lead.yueyang"), "CT2026001")
    assert "其他办事处还有 1 件" in told
    assert case.id not in told
    assert "长沙办事处" not in told


def test_a_closed_case_is_told_for_a_while(lead: Client, company: ProcessEngine, clock: Clock) -> None:
    said = {"received_by": "phone", "customer": "长沙市某中学", "serial_number": "CT2026001", "complaint_text": "问"}
    case = start(company, LEAD, "complaint", **said)
    case.do(LEAD, "judge_complaint", is_complaint="no")
    case.do(LEAD, "hand_over", receiver="clerk", hand_over_note="请答复").do("clerk", "receive_matter", matter_result="已答复")
    assert case.ended_at == "handed_over"
    assert case.id in card(lead, "CT2026001")
    assert "未办结" not in card(lead, "CT2026001")
    clock.move(days=91)
    assert case.id not in card(signed_in_again(lead), "CT2026001")


def signed_in_again(client: Client) -> Client:
    client.sign_in(LEAD)
    return client


def test_a_closed_office_is_not_offered_for_a_new_case(app: Flask, company: ProcessEngine) -> None:
    clerk = signed_in(app, "clerk")
    clerk.get("/start/complaint")
    assert 'value="wulumuqi"' in clerk.page
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(office).where(office.c.id == "wulumuqi").values(is_active=False))
    clerk.get("/start/complaint")
    assert 'value="wulumuqi"' not in clerk.page
