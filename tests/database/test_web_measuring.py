"""The pages that measure, without scripts: paging loses and repeats nothing, what cannot be read is refused, colours stay."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import deployments, identity, instances, tasks
from engine.audit.conformance import Conformance
from engine.diagram.sources import File
from engine.tables import task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, properties, start, user
from tests.web_client import Client, app_of
from web.audit import conformance, heat
from web.audit.heat import Scale

ONE_STEP = diagram(start(), user("check", "service_clerk", inner=properties(clause="5.1.8", record="单")), end(),
                   flows("begin", "check", "done"), starters="service_clerk")


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


def auditor(app: Flask) -> Client:
    client = Client(app)
    client.sign_in("auditor")
    return client


def worked(company: ProcessEngine, clock: Clock, cases: int) -> None:
    """So many cases whose only step an administrator did; each third one within the moment of the one before."""
    with company.transaction(SYSTEM) as uow:
        deployments.deploy(uow, [File("case.bpmn", ONE_STEP)], name="test")
    with company.reading(SYSTEM) as uow:
        admin, clerk = identity.actor(uow, "admin"), identity.actor(uow, "clerk")
    for number in range(cases):
        clock.move(minutes=0 if number % 3 == 0 else 1)
        with company.transaction(clerk) as uow:
            case = instances.start(uow, "case")
        with company.transaction(admin) as uow:
            waits = uow.scalar(sa.select(task.c.id).where(task.c.instance_id == case))
            tasks.complete(uow, waits, variables={})


def test_pages_of_deviations_lose_and_repeat_nothing(app: Flask, company: ProcessEngine, clock: Clock) -> None:
    worked(company, clock, conformance.PAGE + 7)
    client, seen, address = auditor(app), list[str](), "/audit/conformance?process=case&kind=wrong_role"
    for expected in (conformance.PAGE, 7):
        client.get(address)
        found = re.findall(r'<a class="num" href="/cases/([^"#]+)#event-\d+"', client.page)
        assert len(found) == expected
        seen += found
        more = re.search(r'href="([^"]+after=[^"]+)#list"', client.page)
        address = more.group(1).replace("&amp;", "&") if more else ""
    assert (len(set(seen)), address) == (conformance.PAGE + 7, "")


def test_a_share_that_is_not_all_is_not_told_as_100_percent_nor_a_small_one_as_none() -> None:
    told = [heat.percent(share) for share in (0.0, 0.0004, 0.023, 0.5, 0.977, 0.9996, 1.0)]
    assert told == ["0 %", "< 0.1 %", "2.3 %", "50 %", "97.7 %", "> 99.9 %", "100 %"]


def test_a_list_of_some_of_the_cases_says_so_in_its_name() -> None:
    assert [conformance.file_name(Conformance(1_000, is_partial=each)) for each in (True, False)] == [
        "conformance-newest-1000-cases", "conformance"]


@pytest.mark.parametrize("after", ["x", "2026-03-02T01:00:00+00:00~a~b~c~d~e", "2026-03-02T01:00:00+00:00~a~late~c~x~e"])
def test_cursor_that_is_none_is_refused_with_a_sentence(app: Flask, after: str) -> None:
    client = auditor(app)
    assert client.http.get("/audit/conformance", query_string={"after": after}).status_code == 400


@pytest.mark.parametrize("path", ["figures", "conformance", "clauses"])
def test_bad_period_refuses_the_file_and_the_page_alike(app: Flask, path: str) -> None:
    client = auditor(app)
    for suffix in ("", ".csv"):
        for asked in ("since=yesterday", "since=9999-12-31&until=9999-12-31", "since=2026-03-02&until=2026-03-01"):
            assert client.get(f"/audit/{path}{suffix}?{asked}").status_code == 400, (suffix, asked)


@pytest.mark.parametrize("query", ["process=none&version=99&office=none&measure=none&time=none", "version=x", "since=&until="])
def test_what_is_not_known_falls_back_to_the_default(app: Flask, query: str) -> None:
    client = auditor(app)
    for path in ("figures", "conformance", "clauses", "figures.csv"):
        assert client.get(f"/audit/{path}?{query}").status_code == 200


@pytest.mark.parametrize(("limits", "levels"), [
    ([4.0], [5]), ([1.0, 4.0], [2, 5]), ([1.0, 3.0, 4.0], [2, 3, 5]), ([1.0, 2.0, 3.0, 4.0, 5.0], [1, 2, 3, 4, 5]), ([], [])])
def test_the_highest_class_is_the_darkest_however_few_there_are(limits: list[float], levels: list[int]) -> None:
    scale = Scale(limits, [str(each) for each in limits])
    assert scale.levels == levels
    assert [scale.level(each) for each in limits] == levels
    assert scale.level(0.0) == (levels or [1])[0]
