"""The inbox page: narrowed, shared, selected, exported, and asked every few seconds whether anything changed."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import identity, instances, jobs, tasks
from engine.tables import calendar, calendar_day, saved_filter, task, web_session
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.web_client import Client, app_of

REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
CUSTOMERS = ("长沙市五一路储蓄所", "=HYPERLINK(1)", "湘潭大学图书馆")
ROW = re.compile(r'<tr class="[^"]*" data-id="([^"]+)"')


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def lead(app: Flask) -> Client:
    return signed_in(app, "lead.changsha")


@pytest.fixture
def three(company: ProcessEngine, clock: Clock) -> list[Any]:
    """Three tasks "assign a visit" that wait for the leads of Changsha, oldest first."""
    for customer in CUSTOMERS:
        act(company, "lead.changsha", instances.start, "in_warranty", form_values={**REPORT, "customer": customer})
        jobs.run_all(company)
        clock.move(minutes=1)
    return rows(company)


def signed_in(app: Flask, user: str) -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


def act(company: ProcessEngine, user: str, verb: Any, *arguments: Any, **named: Any) -> Any:
    with company.reading(SYSTEM) as uow:
        who = identity.actor(uow, user)
    with company.transaction(who) as uow:
        return verb(uow, *arguments, **named)


def rows(company: ProcessEngine) -> list[Any]:
    with company.reading(SYSTEM) as uow:
        return uow.rows(sa.select(task).order_by(task.c.created_at, task.c.id))


def shown(client: Client) -> list[str]:
    return ROW.findall(client.page)


def chosen(found: list[Any]) -> list[str]:
    return [f"{row.id}~{row.revision}" for row in found]


def send(client: Client, found: list[Any], **fields: Any) -> Any:
    client.get("/inbox?view=groups")
    hidden = client.hidden("/inbox/selected") if "/inbox/selected" in client.page else {"csrf": csrf(client)}
    return client.post("/inbox/selected", {**hidden, "task": chosen(found), **fields})


def csrf(client: Client) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', client.page)[0]


# ------------------------------------------------------------------ narrowing
def test_a_list_is_narrowed_by_its_address_and_each_criterion_can_be_taken_off(lead: Client, three: list[Any]) -> None:
    lead.get("/inbox?view=groups&process=in_warranty&q=湘潭")
    assert shown(lead) == [three[2].id]
    assert 'href="/inbox?view=groups&amp;q=%E6%B9%98%E6%BD%AD" aria-label="去掉筛选：' in lead.page
    assert 'href="/inbox?view=groups&amp;process=in_warranty" aria-label="去掉筛选：“湘潭”"' in lead.page


def test_an_unknown_choice_in_the_address_counts_as_not_asked(lead: Client, three: list[Any]) -> None:
    for address in ("/inbox?view=groups&due=never&priority=low", "/inbox?view=groups&step=x"):
        assert lead.get(address).status_code == 200
        assert sorted(shown(lead)) == sorted(row.id for row in three)


def test_a_list_without_a_match_says_which_criterion_to_take_off(lead: Client, three: list[Any]) -> None:
    del three
    lead.get("/inbox?view=groups&due=late&q=没有此人")
    assert "没有同时符合这些条件的任务" in lead.page
    assert "去掉 已逾期" in lead.page
    assert "去掉 “没有此人”" in lead.page


def test_each_empty_list_says_what_to_do_next(app: Flask, lead: Client) -> None:
    for view, words in (("watched", "选择“关注”"), ("done", "您完成的任务"), ("groups", "发起工单")):
        lead.get(f"/inbox?view={view}")
        assert words in lead.page
    engineer = signed_in(app, "engineer.changsha")
    engineer.get("/inbox?view=office")
    assert "此清单供负责人使用" in engineer.page


def test_a_suspended_case_is_told_in_its_row(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    act(company, "admin", instances.suspend, three[0].instance_id, reason="等待顾客")
    lead.get("/inbox?view=groups")
    assert lead.page.count("暂停") == 1


def test_without_a_calendar_the_list_goes_on_and_administrators_are_told(app: Flask, lead: Client, three: list[Any],
                                                                       company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(calendar_day))
        uow.execute(sa.delete(calendar))
    lead.get("/inbox?view=groups")
    assert sorted(shown(lead)) == sorted(row.id for row in three)
    assert "没有工作日历" not in lead.page
    assert "工时" not in lead.page
    admin = signed_in(app, "admin")
    admin.get("/inbox")
    assert "没有工作日历" in admin.page


# ------------------------------------------------------------------ columns
def test_columns_are_kept_in_the_order_that_was_chosen(app: Flask, lead: Client, three: list[Any]) -> None:
    del three
    lead.get("/inbox/columns")
    lead.send("/inbox/columns", order=["customer", "step", "waiting", "due"], shown=["customer", "waiting"], do="save")
    for client in (lead, signed_in(app, "lead.changsha")):
        client.get("/inbox?view=groups")
        assert re.findall(r'<th scope="col" class="col-(\w+)"', client.page) == ["customer", "step", "waiting"]
    lead.get("/inbox/columns")
    lead.send("/inbox/columns", order=["customer", "step"], do="reset")
    lead.get("/inbox?view=groups")
    assert re.findall(r'<th scope="col" class="col-(\w+)"', lead.page)[:2] == ["step", "due"]


def test_columns_move_up_and_down_without_scripts(lead: Client) -> None:
    lead.get("/inbox/columns")
    moved = lead.send("/inbox/columns", order=["step", "due", "customer"], shown=["due"], up="customer")
    lead.get(moved.location)
    assert re.findall(r'name="order" value="(\w+)"', lead.page) == ["step", "customer", "due"]
    lead.get("/inbox?view=groups")  # nothing is kept before it is saved


# ------------------------------------------------------------------ saved filters
def test_a_filter_is_saved_counted_renamed_and_deleted(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    del three
    lead.get("/inbox?view=groups&q=湘潭")
    where = lead.send("/inbox/filters", name="湘潭的", share="").location
    lead.get(where)
    assert 'aria-current="true">湘潭的' in lead.page
    (kept,) = filters(company)
    assert lead.get(f"/inbox/filters/{kept.id}/count").get_data(as_text=True) == "1"
    lead.get("/inbox/filters")
    lead.send(f"/inbox/filters/{kept.id}/rename", name="图书馆")
    (kept,) = filters(company)
    assert kept.name == "图书馆"
    lead.get("/inbox/filters")
    lead.send(f"/inbox/filters/{kept.id}/delete")
    assert filters(company) == []


def test_a_shared_filter_is_found_by_the_group_and_changed_by_its_owner_only(app: Flask, company: ProcessEngine) -> None:
    engineer, other = signed_in(app, "engineer.changsha"), signed_in(app, "engineer2.changsha")
    engineer.get("/inbox?view=groups&due=late")
    engineer.send("/inbox/filters", name="逾期的", share="service_engineer@changsha")
    (kept,) = filters(company)
    other.get("/inbox")
    assert "逾期的" in other.page
    assert other.post(f"/inbox/filters/{kept.id}/delete", {"csrf": csrf(other)}).status_code == 403
    stranger = signed_in(app, "engineer.yueyang")
    stranger.get("/inbox")
    assert "逾期的" not in stranger.page
    assert stranger.get(f"/inbox/filters/{kept.id}/count").status_code == 404


def test_a_filter_without_a_name_is_refused(lead: Client, company: ProcessEngine) -> None:
    lead.get("/inbox?view=groups&due=late")
    assert lead.send("/inbox/filters", name="  ", share="").status_code == 400
    assert filters(company) == []


def filters(company: ProcessEngine) -> list[Any]:
    with company.reading(SYSTEM) as uow:
        return uow.rows(sa.select(saved_filter))


# ------------------------------------------------------------------ several at once
def test_each_selected_task_has_its_own_result(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    act(company, "admin", tasks.claim, three[1].id)
    response = send(lead, three, do="claim")
    assert response.status_code == 200
    assert "3 项中已办 2 项" in lead.page
    assert [row.assignee for row in rows(company)] == ["lead.changsha", "admin", "lead.changsha"]
    assert "系统管理员 已于" in lead.page


def test_a_changed_or_unknown_or_foreign_task_is_refused_in_its_row(app: Flask, three: list[Any], company: ProcessEngine) -> None:
    stranger = signed_in(app, "lead.yueyang")
    stranger.get("/inbox?view=groups")
    fields = {"csrf": csrf(stranger), "do": "claim", "task": [f"{three[0].id}~1", "nonsense~x", "<b>~1"]}
    response = stranger.post("/inbox/selected", fields, Accept="application/json")
    assert [one["done"] for one in response.get_json()["results"]] == [False, False, False]
    assert all(one["words"] for one in response.get_json()["results"])
    assert {row.assignee for row in rows(company)} == {None}


def test_a_lead_assigns_several_to_who_may_do_them(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    send(lead, three[:2], do="assign", assignee="lead.changsha")
    assert [row.assignee for row in rows(company)] == ["lead.changsha", "lead.changsha", None]
    send(lead, rows(company)[2:], do="assign", assignee="engineer.yueyang")
    assert "1 项中已办 0 项" in lead.page
    assert "“岳阳工程师”不能办理此任务" in lead.page


def test_due_dates_of_several_are_set_with_a_reason(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    assert send(lead, three, do="due", due_at="2026-03-09T10:00", reason="").status_code == 400
    assert send(lead, three, do="due", due_at="yesterday", reason="等配件").status_code == 400
    assert [row.due_at for row in rows(company)] == [row.due_at for row in three]
    send(lead, three, do="due", due_at="2026-03-09T10:00", reason="等配件")
    assert "3 项中已办 3 项" in lead.page
    assert {row.due_at.isoformat() for row in rows(company)} == {"2026-03-09T02:00:00+00:00"}


@pytest.mark.parametrize(("fields", "words"), [
    ({"do": "claim", "task": []}, "没有选中任何任务"),
    ({"do": "claim", "task": [f"{n}~1" for n in range(201)]}, "一次最多办理 200 项"),
    ({"do": "eat", "task": ["a~1"]}, "服务器没有读懂"), ({"do": "assign", "task": ["a~1"]}, "请选择由谁办理")])
def test_a_senseless_request_is_refused_whole(lead: Client, fields: dict[str, Any], words: str) -> None:
    lead.get("/inbox")
    assert lead.post("/inbox/selected", {"csrf": csrf(lead), **fields}).status_code == 400
    assert words in lead.page


# ------------------------------------------------------------------ the file
def test_the_file_has_the_rows_columns_and_language_of_the_screen(lead: Client, three: list[Any]) -> None:
    lead.get("/inbox/columns")
    lead.send("/inbox/columns", order=["customer", "case", "step"], shown=["customer", "case"], do="save")
    response = lead.get("/inbox.csv?view=groups&process=in_warranty")
    assert response.get_data().startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(response.get_data().decode("utf-8-sig"))))
    assert table[0] == ["顾客", "工单号", "步骤"]
    assert sorted(line[1] for line in table[1:]) == sorted(row.business_key for row in three)
    lead.get("/inbox?view=groups&process=in_warranty")
    assert shown(lead) == [next(row.id for row in three if row.business_key == line[1]) for line in table[1:]]


def test_no_cell_of_the_file_is_a_formula(lead: Client, three: list[Any]) -> None:
    del three
    text = lead.get("/inbox.csv?view=groups").get_data(as_text=True)
    assert "'=HYPERLINK(1)" in text
    assert not re.search("[,\n]=HYPERLINK", text)


# ------------------------------------------------------------------ news
def test_nothing_new_costs_one_statement_behind_the_session(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    del three
    first = lead.get("/inbox/changes?view=groups")
    with statements(company) as asked:
        again = lead.get("/inbox/changes?view=groups", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert len(asked) == 3, asked  # the session, the person and whom they stand in for; the probe


def test_a_change_in_the_list_is_told_with_its_rows_and_counts(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    first = lead.get("/inbox/changes?view=groups")
    assert sorted(one[0] for one in first.get_json()["rows"]) == sorted(row.id for row in three)
    act(company, "admin", tasks.claim, three[0].id)
    second = lead.get("/inbox/changes?view=groups", **{"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert three[0].id not in [one[0] for one in second.get_json()["rows"]]
    assert second.get_json()["counts"]["groups"] == first.get_json()["counts"]["groups"] - 1


def test_a_change_of_another_office_is_no_news(lead: Client, three: list[Any], company: ProcessEngine) -> None:
    del three
    first = lead.get("/inbox/changes?view=groups")
    act(company, "lead.yueyang", instances.start, "in_warranty", form_values=REPORT)
    jobs.run_all(company)
    again = lead.get("/inbox/changes?view=groups", **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_an_open_list_does_not_prolong_the_session(lead: Client, clock: Clock, company: ProcessEngine) -> None:
    def touched() -> Any:
        with company.reading(SYSTEM) as uow:
            return uow.scalar(sa.select(sa.func.max(web_session.c.touched_at)))
    before = touched()
    clock.now += timedelta(hours=1)
    lead.get("/inbox/changes")
    assert touched() == before
    lead.get("/inbox")
    assert touched() > before


@contextmanager
def statements(company: ProcessEngine) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.upper().startswith("BEGIN"):
            found.append(statement)
    sa.event.listen(company.database, "before_cursor_execute", note)
    yield found
    sa.event.remove(company.database, "before_cursor_execute", note)
