"""The auditors' list and its files: what is on screen is what is in the file, and every file is on record before it is sent."""

import csv
import io
import json
import re
import zipfile
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from lxml import etree

from engine import canonical
from engine.audit import finding, spreadsheet
from engine.audit.finding import Criteria
from engine.tables import access_log, audit_search, history_body, history_event
from engine.unit_of_work import SYSTEM
from tests.conftest import Clock
from tests.database import audit_company
from tests.small_company import Small
from tests.web_client import Client
from web import create_app

FILES = ("cases.csv", "cases.xlsx", "cases.xes", "cases.ocel.json", "events.csv")
NARROWED = {"process": "case", "lateness": "late"}
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def root(audited: Small) -> Client:
    """An administrator, who may audit."""
    return signed_in(audited, "root")


def signed_in(audited: Small, user: str) -> Client:
    client = Client(create_app(engine=audited.engine))
    client.sign_in(user, audit_company.PASSWORD)
    return client


def numbers(audited: Small, **criteria: Any) -> list[str]:
    with audited.engine.reading(SYSTEM) as uow:
        return [row.business_key for row in finding.every(uow, Criteria.from_json(criteria))]


def on_screen(client: Client) -> list[str]:
    """Case numbers over all pages of the list that is shown."""
    found = re.findall(r'class="row-link num"[^>]*>([^<]+)<', client.page)
    more = re.search(r'<p class="more"><a class="btn" href="([^"]+)"', client.page)
    if more:
        client.get(unescape(more[1]))
        return found + on_screen(client)
    return found


def fetched(client: Client, name: str, **arguments: str) -> bytes:
    response = client.get(f"/audit/{name}?{urlencode(arguments)}")
    assert response.status_code == 200
    data = response.get_data()
    assert response.headers["Content-Length"] == str(len(data))
    stem, _, ending = name.partition(".")
    assert f"filename={stem}-2026-" in response.headers["Content-Disposition"]
    assert response.headers["Content-Disposition"].endswith(ending)
    response.close()
    return data


def csv_rows(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def sheets(data: bytes) -> list[list[list[str]]]:
    """The cells of the sheets of an XLSX, as they stand in the file."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for number in (1, 2):
            tree = etree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            found.append([["".join(cell.itertext()) for cell in row] for row in tree.iter(f"{SHEET}row")])
    return found


# ------------------------------------------------------------------ the screen
def test_list_shows_what_fits_page_by_page_and_says_how_many(audited: Small, root: Client):
    root.get("/audit/cases")
    assert f"符合条件的工单：{audit_company.CASES} 份" in root.page
    assert on_screen(root) == numbers(audited)
    root.get(f"/audit/cases?{urlencode(NARROWED)}")
    assert on_screen(root) == numbers(audited, **NARROWED)


def test_every_criterion_is_a_chip_that_can_be_taken_off(root: Client):
    given = {"process": "case", "version": "1", "office": "north", "role": "staff", "person": "ann", "serial": "SN",
             "customer": "局", "clause": "5.1.6", "since": "2026-03-01", "until": "2026-12-31",
             "outcome": "case/done", "lateness": "on_time",
             "intervention": "any", "q": "SN-0001"}
    root.get(f"/audit/cases?{urlencode(given)}")
    found = re.findall(r'<a class="chip" href="([^"]+)"[^>]*>([^<]+)<svg', root.page)
    chips = {unescape(words): unescape(href) for href, words in found}
    assert len(chips) == len(given)
    assert "版本：第 1 版" in chips
    assert "结果：结束于“done”" in chips
    without_procedure = chips["流程：case"]
    assert "version" not in without_procedure
    assert "office=north" in without_procedure


@pytest.mark.parametrize(("given", "field"), [
    ("since=yesterday", "since"), ("version=x&process=case", "version"), ("lateness=early", "lateness"),
    ("until=0001-01-01", "until"), ("outcome=lost", "outcome"), ("intervention=complete", "intervention")])
def test_impossible_criterion_is_told_and_nothing_else_is_shown_instead(root: Client, given: str, field: str):
    assert root.get(f"/audit/cases?{given}&office=north").status_code == 400
    assert f"筛选条件“{field}”不存在" in root.page
    assert 'value="north" selected' in root.page
    assert on_screen(root) == []
    assert root.get(f"/audit/cases.csv?{given}").status_code == 400


def test_broken_cursor_is_refused_in_a_sentence(root: Client):
    assert root.get("/audit/cases?after=never").status_code == 400
    assert "refusal-words" in root.page


def test_who_does_not_audit_gets_neither_list_nor_file_nor_the_way_there(audited: Small, root: Client):
    ann = signed_in(audited, "ann")
    ann.get("/inbox")
    assert "/audit/cases" not in ann.page
    for path in ("cases", *FILES):
        assert ann.get(f"/audit/{path}").status_code == 403
    assert not audited.rows(sa.select(access_log))
    root.get("/inbox")
    assert 'href="/audit/cases"' in root.page
    assert root.get("/audit/").headers["Location"] == "/audit/cases"


def test_search_is_saved_found_again_and_forgotten(audited: Small, root: Client):
    root.get(f"/audit/cases?{urlencode(NARROWED)}")
    kept = root.send("/audit/searches", name="逾期的维修")
    root.get(kept.headers["Location"])
    assert on_screen(root) == numbers(audited, **NARROWED)
    root.get("/audit/cases")
    address = unescape(re.search(r'<a class="chip" href="([^"]+)">逾期的维修', root.page)[1])
    root.get(address)
    search = audited.rows(sa.select(audit_search))[0]
    assert root.send(f"/audit/searches/{search.id}/delete").headers["Location"] == f"/audit/cases?{urlencode(NARROWED)}"
    assert not audited.rows(sa.select(audit_search))


# ------------------------------------------------------------------ the files
@pytest.mark.parametrize("given", [{}, NARROWED, {"office": "north", "q": "五一路"}, {"intervention": "any"}])
def test_csv_and_xlsx_hold_exactly_the_cases_on_screen(root: Client, given: dict[str, str]):
    root.get(f"/audit/cases?{urlencode(given)}")
    shown = on_screen(root)
    lines = csv_rows(fetched(root, "cases.csv", **given))
    table, about = sheets(fetched(root, "cases.xlsx", **given))
    assert [line["工单号"] for line in lines] == shown
    assert [row[0] for row in table[1:]] == shown
    assert about[-1] == ["本文件中的工单数", str(len(shown))]


def test_csv_says_what_the_screen_says_of_a_case(audited: Small, root: Client):
    lines = csv_rows(fetched(root, "cases.csv"))
    assert list(lines[0]) == ["工单号", "流程", "版本", "办事处", "顾客", "机号", "发起", "已结束", "结果", "逾期任务数", "干预"]
    with audited.engine.reading(SYSTEM) as uow:
        rows = finding.page(uow, Criteria()).rows
        about = finding.about(uow, rows)
    for line, row in zip(lines, rows, strict=True):
        assert (line["版本"], line["办事处"], line["顾客"], line["机号"]) == (
            str(row.process_version), row.office, row.customer or "", row.serial or "")
        assert int(line["逾期任务数"]) == about[row.id].late
        assert bool(line["干预"]) == bool(about[row.id].interventions)
        assert bool(line["已结束"]) == bool(row.ended_at)


def test_xlsx_has_real_dates_a_header_that_stays_and_a_sheet_about_itself(root: Client, clock: Clock):
    data = fetched(root, "cases.xlsx", **NARROWED)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        first, styles = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/styles.xml").decode()
    assert re.search(r'<pane ySplit="1"[^>]*state="frozen"', first)
    assert re.search(r'<autoFilter ref="A1:K\d+"', first)
    assert re.search(r'<c r="G2" s="2"><v>461\d\d\.\d+</v></c>', first), "a start in 2026 as a number of days, not as text"
    assert 'formatCode="yyyy-mm-dd hh:mm"' in styles
    told = dict(row for row in sheets(data)[1] if len(row) == 2)
    assert told["筛选"] == "流程：case; 是否逾期：有过逾期"
    assert (told["导出人"], told["时区"]) == ("root", "Asia/Shanghai")
    assert abs(float(told["导出时间"]) - 46_000) < 400


def test_xlsx_that_is_full_says_so():
    file = io.BytesIO()
    written = spreadsheet.write_xlsx(file, ["n"], ([n] for n in range(5)), names=("a", "b"), facts=[], counted="rows",
                                     beyond="there were more", most=3)
    table, about = sheets(file.getvalue())
    assert (written, len(table), about) == (3, 4, [["rows", "3"], ["there were more"]])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "＝1+1"])
def test_cell_that_a_spreadsheet_would_compute_is_text(text: str):
    file = io.BytesIO()
    spreadsheet.write_csv(file, ["a"], [[text], ["plain"]])
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    assert rows == [["a"], [f"'{text}"], ["plain"]]


# ------------------------------------------------------------------ on record
@pytest.mark.parametrize("name", FILES)
def test_every_file_is_on_record_with_its_filter_and_size(audited: Small, root: Client, name: str):
    fetched(root, name, **NARROWED, pseudonyms="yes")
    noted, = audited.rows(sa.select(access_log))
    rows = len(numbers(audited, **NARROWED)) if name != "events.csv" else canonical.loads(noted.detail)["rows"]
    facts = {"criteria": NARROWED, "rows": rows, "pseudonyms": True}
    assert rows
    assert (noted.actor, noted.kind, noted.subject, canonical.loads(noted.detail)) == ("root", "export", name, facts)
    event, = audited.rows(sa.select(history_event.c.element, history_body.c.body).join(history_body, sa.and_(
        history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)).where(
            history_event.c.command == "export"))
    assert event.element == f"export:{name}"
    assert json.loads(event.body)["after"] == {**facts, "format": name.partition(".")[2]}
    root.get("/admin/changes")
    assert "导出了数据" in root.page


@pytest.mark.parametrize("name", FILES)
def test_pseudonyms_hide_people_and_customers_everywhere_and_are_the_same_in_one_file(audited: Small, root: Client, name: str):
    plain, hidden = fetched(root, name, customer="五一路"), fetched(root, name, customer="五一路", pseudonyms="yes")
    if name.endswith("xlsx"):
        plain, hidden = (str(sheets(each)).encode() for each in (plain, hidden))
    assert "长沙市五一路储蓄所".encode() in plain
    assert "五一路".encode() not in hidden
    assert b"customer 1" in hidden
    assert b"customer 2" not in hidden
    if name not in ("cases.csv", "cases.xlsx"):
        assert not re.search(rb'[",](ann|bob|lea|root)["\r,]', hidden)
        assert b"person 1" in hidden
