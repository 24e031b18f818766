"""Auditors watch a case as a film: play, step, scrub, link, look into interventions and calls, and have its states recomputed."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, expect

from engine import deployments, identity, instances, interventions, jobs, migration_plans, tasks
from engine.diagram.check import File
from engine.interventions import SendBack, SetVariable
from engine.tables import access_log, definition, history_event, task, variable
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database import acting
from tests.diagram_text import diagram, end, flows, node, pictured, start, user
from tests.film_path import destroy

LEAD, ENGINEER = "lead.changsha", "engineer.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
EACH = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="places" camunda:elementVariable="one" />'
VISITS = diagram(start(), user("visit", "service_lead", EACH), end(), flows("begin", "visit", "done"), key="visits",
                 starters="service_lead")
TWO = diagram(start(), user("first", "service_lead"), user("second", "service_lead"), end(),
              flows("begin", "first", "second", "done"), key="two", starters="service_lead")
CALLED = diagram(start("in"), user("inner", "service_lead"), end("out"), flows("in", "inner", "out"), key="called",
                 starters="service_lead")
CALLING = diagram(start(), node("callActivity", "call", calledElement="called"), end(), flows("begin", "call", "done"),
                  key="calling", starters="service_lead")
DESK, PHONE = 1440, 390
People = Callable[..., Person]


def as_user(company: ProcessEngine, who: str, verb: Callable[..., object], *arguments: object, **named: object) -> object:
    with company.reading(SYSTEM) as uow:
        actor = identity.actor(uow, who)
    with company.transaction(actor) as uow:
        return verb(uow, *arguments, **named)


@pytest.fixture
def repair(company: ProcessEngine, clock: Clock) -> str:
    """A repair in which the lead changed an entry, held it, and sent it back: 10 events within five hours."""
    case = acting.start(company, LEAD, "in_warranty", **REPORT)
    clock.move(minutes=30)
    case.do(LEAD, "assign_visit", engineer=ENGINEER, assignment_note="先打电话")
    clock.move(hours=1)
    as_user(company, LEAD, interventions.intervene, case.id, SetVariable(1, "customer", "长沙市五一路支行"), reason="名称写错")
    as_user(company, LEAD, instances.suspend, case.id, reason="顾客停业")
    clock.move(hours=3)
    as_user(company, LEAD, instances.resume, case.id, reason="顾客复业")
    waits = case.task("confirm_fault")
    as_user(company, LEAD, interventions.intervene, case.id, SendBack(waits.token, "assign_visit", 1), reason="换工程师")
    case.do(LEAD, "assign_visit", engineer=ENGINEER)
    return case.id


def deployed(company: ProcessEngine, *files: bytes) -> None:
    with company.transaction(SYSTEM) as uow:
        deployments.deploy(uow, [File(f"small{number}.bpmn", data) for number, data in enumerate(files)], name="small")


def begun(company: ProcessEngine, key: str, **values: object) -> str:
    return str(as_user(company, LEAD, instances.start, key, variables=values))


def complete(company: ProcessEngine, case: str, who: str = LEAD) -> None:
    """Complete the oldest open task of a case."""
    with company.reading(SYSTEM) as uow:
        waits = uow.rows(sa.select(task.c.id).where(task.c.instance_id == case, task.c.state == "open").order_by(task.c.token))
    as_user(company, who, tasks.complete, waits[0].id)


@pytest.fixture
def moved(company: ProcessEngine) -> str:
    """A case that went from version 1 to version 2 after its first step."""
    deployed(company, pictured(TWO))
    case = begun(company, "two")
    complete(company, case)
    deployed(company, pictured(TWO.replace(b"second", b"other")))
    with company.reading(SYSTEM) as uow:
        first, last = [row.id for row in uow.rows(sa.select(definition.c.id).where(definition.c.key == "two").order_by(
            definition.c.version))]
    made = as_user(company, "admin", migration_plans.create, source=first, target=last, reason="better",
                   mapping={"two": {"second": "other"}})
    as_user(company, "admin", migration_plans.start, made)
    jobs.run_all(company)
    return case


@pytest.fixture
def visits(company: ProcessEngine) -> str:
    """A case of three visits at once, one of them done."""
    deployed(company, pictured(VISITS))
    case = begun(company, "visits", places=["one", "two", "three"])
    complete(company, case)
    return case


@pytest.fixture
def calling(company: ProcessEngine) -> str:
    """A case that waits in a process it called."""
    deployed(company, pictured(CALLED), pictured(CALLING))
    return begun(company, "calling")


# ------------------------------------------------------------------ going through it
def test_auditor_opens_the_film_from_the_case_and_plays_it_to_its_end(
        repair: str, person: People, company: ProcessEngine) -> None:
    auditor = person("auditor", width=DESK)
    auditor.go(f"/cases/{repair}")
    auditor.page.get_by_role("link", name="回放").click()
    stands_at(auditor, 1)
    expect(auditor.page.locator("[data-film-count]")).to_contain_text("第 1 / ")
    auditor.page.locator("[data-film-speed]").select_option("16")
    auditor.page.get_by_role("button", name="播放").click()
    stands_at(auditor, events_of(company, repair))
    expect(auditor.page.get_by_role("button", name="播放")).to_be_visible()
    expect(auditor.page).to_have_url(re.compile(rf"\?at={events_of(company, repair)}$"))
    assert at(auditor, "confirm_fault").evaluate("(element) => element.classList.contains('has-token')")
    expect(auditor.page.locator(".film-disc").first).to_be_visible()
    assert looks(company, repair) == [("auditor", "film")]
    assert auditor.script_errors == []


def test_keys_step_jump_and_change_the_speed(repair: str, person: People, company: ProcessEngine) -> None:
    auditor = person("auditor", width=DESK, language="en")
    last = events_of(company, repair)
    auditor.go(f"/audit/film/{repair}")
    stands_at(auditor, 1)
    for key, where in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("End", last), ("Home", 1),
                       ("Shift+ArrowRight", min(11, last)), ("Shift+ArrowLeft", max(min(11, last) - 10, 1))):
        auditor.page.keyboard.press(key)
        stands_at(auditor, where)
    auditor.page.keyboard.press("]")
    expect(auditor.page.locator("[data-film-speed]")).to_have_value("2")
    auditor.page.keyboard.press("[")
    auditor.page.keyboard.press("[")
    expect(auditor.page.locator("[data-film-speed]")).to_have_value("0.5")
    auditor.page.keyboard.press(" ")
    expect(auditor.page.locator("[data-film-play]")).to_have_attribute("aria-pressed", "true")
    auditor.page.keyboard.press(" ")
    expect(auditor.page.locator("[data-film-play]")).to_have_attribute("aria-pressed", "false")
    auditor.page.keyboard.press("?")
    listed = auditor.page.get_by_role("dialog")
    expect(listed).to_contain_text("Play or pause")
    expect(listed.locator("kbd", has_text="Space")).to_be_visible()


def test_time_line_is_scrubbed_by_events_by_working_time_and_by_the_clock(
        repair: str, person: People, company: ProcessEngine) -> None:
    auditor = person("auditor", width=DESK)
    last = events_of(company, repair)
    auditor.go(f"/audit/film/{repair}")
    stands_at(auditor, 1)
    line = auditor.page.locator("[data-film-scrubber]")
    for axis in ("step", "working", "clock"):
        auditor.page.locator("[data-film-axis]").select_option(axis)
        box = line.bounding_box()
        assert box
        auditor.page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
        stands_at(auditor, last)
        auditor.page.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2)
        expect(auditor.page.locator("[data-film-clock]")).to_have_text("2026-03-02 09:00")
    hours = float(line.get_attribute("max") or 0) / 60
    assert 4 < hours < 5
    line.focus()
    auditor.page.keyboard.press("Home")
    auditor.page.keyboard.press("ArrowRight")
    expect(auditor.page.locator("[data-film-count]")).to_contain_text(re.compile(r"第 [234] / "))
    expect(auditor.page.locator(".film-mark-intervention").first).to_be_attached()


def test_a_link_to_a_moment_opens_there(repair: str, person: People) -> None:
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{repair}?at=3")
    stands_at(auditor, 3)
    expect(auditor.page.locator(".film-event[aria-selected=true]")).to_contain_text("指派工程师上门")
    auditor.page.locator(".film-event").nth(4).click()
    stands_at(auditor, 5)
    expect(auditor.page).to_have_url(re.compile(r"\?at=5$"))
    auditor.page.reload()
    stands_at(auditor, 5)


# ------------------------------------------------------------------ who intervened
def test_interventions_have_a_card_with_reason_before_and_after(repair: str, person: People) -> None:
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{repair}")
    stands_at(auditor, 1)
    now = auditor.page.locator("[data-film-now]")
    for reason, cells in (("名称写错", ["长沙市五一路储蓄所", "长沙市五一路支行"]), ("顾客停业", ["办理中", "已暂停"]),
                          ("顾客复业", ["已暂停", "办理中"]), ("换工程师", ["确认故障、约定上门时间", "指派工程师上门"])):
        auditor.page.get_by_role("button", name="下一次干预").click()
        expect(now).to_contain_text(f"原因：{reason}")
        expect(now).to_contain_text("干预")
        expect(now.locator(".before-after")).to_have_text(cells)
    auditor.page.get_by_label("只看干预和错过的期限").check()
    expect(auditor.page.locator(".film-event")).to_have_count(4)


def test_entries_that_an_event_changed_are_marked_with_what_was_before(repair: str, person: People) -> None:
    auditor = person("auditor", width=DESK, language="en")
    auditor.go(f"/audit/film/{repair}?at=4")
    stands_at(auditor, 4)
    changed = auditor.page.locator(".film-entries .is-changed")
    expect(changed).to_have_count(1)
    expect(changed.locator("del")).to_have_text("长沙市五一路储蓄所")
    expect(changed).to_contain_text("changed")
    expect(auditor.page.locator(".film-changed")).to_have_text("This event changed 1 entry.")


# ------------------------------------------------------------------ versions, calls, instances
def test_a_moved_case_changes_its_diagram_at_that_event_and_says_so(moved: str, person: People) -> None:
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{moved}?at=2")
    stands_at(auditor, 2)
    expect(auditor.page.get_by_role("tab", selected=True)).to_contain_text("版本 1")
    expect(at(auditor, "second")).to_have_class(re.compile("has-token"))
    auditor.page.keyboard.press("ArrowRight")
    stands_at(auditor, 3)
    expect(auditor.page.locator("[data-film-moved]")).to_contain_text("改按另一版本办理")
    expect(auditor.page.get_by_role("tab", selected=True)).to_contain_text("版本 2")
    expect(at(auditor, "other")).to_have_class(re.compile("has-token"))
    expect(at(auditor, "first")).to_have_class(re.compile("is-done"))
    auditor.page.keyboard.press("ArrowLeft")
    stands_at(auditor, 2)
    expect(auditor.page.locator("[data-film-moved]")).to_be_hidden()
    expect(at(auditor, "second")).to_have_class(re.compile("has-token"))


def test_a_called_process_is_opened_in_place_and_left_again(calling: str, person: People) -> None:
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{calling}")
    stands_at(auditor, 1)
    tabs = auditor.page.get_by_role("tab")
    expect(tabs).to_have_count(2)
    expect(auditor.page.get_by_role("tab", selected=True)).to_contain_text("called")
    expect(at(auditor, "inner")).to_have_class(re.compile("has-token"))
    tabs.first.click()
    expect(at(auditor, "call")).to_have_class(re.compile("has-token"))
    at(auditor, "call").click(position={"x": 10, "y": 10})
    expect(auditor.page.get_by_role("tab", selected=True)).to_contain_text("called")


def test_a_process_that_is_called_again_begins_its_path_anew(company: ProcessEngine, person: People) -> None:
    calls = [node("callActivity", name, calledElement="called") for name in ("call", "recall")]
    again = diagram(start(), *calls, end(), flows("begin", "call", "recall", "done"), key="again", starters="service_lead")
    deployed(company, pictured(CALLED), pictured(again))
    case = begun(company, "again")
    complete(company, case, "admin")
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{case}?at=2")
    stands_at(auditor, 2)
    expect(auditor.page.get_by_role("tab", selected=True)).to_have_text("called · 版本 1 · 第 2 次 ● 1")
    expect(at(auditor, "inner")).to_have_class(re.compile("has-token"))
    expect(at(auditor, "inner")).not_to_have_class(re.compile("is-done"))
    expect(at(auditor, "out")).not_to_have_class(re.compile("is-done"))


def test_runs_at_once_have_a_tab_each(company: ProcessEngine, person: People) -> None:
    both = diagram(start(), node("callActivity", "call", EACH, calledElement="called"), end(), flows("begin", "call", "done"),
                   key="both", starters="service_lead")
    deployed(company, pictured(CALLED), pictured(both))
    case = begun(company, "both", places=["one", "two"])
    complete(company, case, "admin")
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{case}")
    stands_at(auditor, 1)
    tabs = auditor.page.get_by_role("tab")
    expect(tabs).to_have_text(["both · 版本 1", "called · 版本 1 · 第 1 次 ● 1", "called · 版本 1 · 第 2 次 ● 1"])
    auditor.page.keyboard.press("ArrowRight")
    stands_at(auditor, 2)
    expect(tabs.filter(has_text="●")).to_have_count(1)
    tabs.filter(has_text="第 2 次").click()
    expect(at(auditor, "inner")).to_have_class(re.compile("has-token"))
    expect(at(auditor, "inner")).not_to_have_class(re.compile("is-done"))


def test_every_instance_of_many_is_listed_with_its_state(visits: str, person: People) -> None:
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{visits}?at=2")
    stands_at(auditor, 2)
    expect(auditor.page.locator(".film-many-title")).to_have_text("visit · 1 / 3")
    expect(auditor.page.locator(".film-one")).to_have_text(["1 已完成", "2 办理中", "3 办理中"])
    expect(auditor.page.locator(".film-disc text")).to_have_text("2")


# ------------------------------------------------------------------ on a phone, without motion
@pytest.mark.parametrize("language", ["zh", "en"])
def test_film_is_watched_on_a_phone(repair: str, person: People, company: ProcessEngine, language: str) -> None:
    auditor = person("auditor", width=PHONE, language=language)
    auditor.go(f"/audit/film/{repair}")
    stands_at(auditor, 1)
    auditor.page.get_by_role("button", name={"zh": "下一个事件", "en": "One event on"}[language]).click()
    stands_at(auditor, 2)
    play = auditor.page.locator("[data-film-play]")
    box = play.bounding_box()
    assert box
    assert box["height"] >= 44
    assert box["y"] + box["height"] < 844
    auditor.page.locator("[data-film-speed]").select_option("16")
    play.click()
    stands_at(auditor, events_of(company, repair))
    must_be_accessible(auditor)


def test_who_wants_no_motion_gets_jumps(repair: str, person: People, company: ProcessEngine) -> None:
    auditor = person("auditor", width=DESK)
    auditor.page.emulate_media(reduced_motion="reduce")
    auditor.go(f"/audit/film/{repair}")
    stands_at(auditor, 1)
    auditor.page.evaluate("""() => { window.moving = 0; new MutationObserver(() => {
      window.moving += document.querySelectorAll('.film-disc.is-moving').length;
    }).observe(document.querySelector('[data-film-stage]'), { childList: true, subtree: true }); }""")
    auditor.page.locator("[data-film-speed]").select_option("16")
    auditor.page.get_by_role("button", name="播放").click()
    stands_at(auditor, events_of(company, repair))
    assert auditor.page.evaluate("window.moving") == 0


# ------------------------------------------------------------------ the states again
@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_states_are_recomputed_and_equal(repair: str, person: People, company: ProcessEngine, language: str) -> None:
    auditor = person("auditor", width=DESK, language=language)
    auditor.go(f"/audit/film/{repair}")
    stands_at(auditor, 1)
    auditor.page.get_by_role("link", name={"zh": "重算全部状态", "en": "Recompute all states"}[language]).click()
    total = events_of(company, repair)
    expect(auditor.page.locator(".notice-success").first).to_contain_text(
        {"zh": f"全部 {total} 个状态一致。", "en": f"All {total} states are equal."}[language])
    auditor.page.locator("#at").fill("3")
    auditor.page.get_by_role("button", name={"zh": "重算", "en": "Recompute"}[language], exact=True).click()
    waits = {"zh": "等待人员办理", "en": "waits for a person"}[language]
    expect(auditor.page.locator("tbody tr", has_text=waits)).to_have_count(1)
    must_be_accessible(auditor)


def test_a_state_that_was_changed_behind_the_record_is_reported(repair: str, person: People, company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        here = (variable.c.instance_id == repair, variable.c.name == "customer", variable.c.scope == 1)
        uow.execute(sa.update(variable).where(*here).values(value='"别的顾客"'))
    auditor = person("auditor", width=DESK)
    auditor.go(f"/audit/film/{repair}/state")
    told = auditor.page.locator("[data-recomputing-outcome]")
    expect(told).to_contain_text("库中保存的状态与记录得出的状态不一致。")
    expect(told.locator("tbody tr")).to_have_count(1)
    expect(told.locator("tbody tr td")).to_have_text(["顾客单位", "别的顾客", "长沙市五一路支行"])


def test_a_destroyed_event_says_so_and_the_film_goes_on(repair: str, person: People, company: ProcessEngine) -> None:
    destroy(company, repair, 3)
    auditor = person("auditor", width=DESK, language="en")
    auditor.go(f"/audit/film/{repair}?at=3")
    stands_at(auditor, 3)
    expect(auditor.page.locator("[data-film-now]")).to_contain_text("The details of this event were destroyed by a decision.")
    expect(at(auditor, "confirm_fault")).to_have_class(re.compile("has-token"))
    auditor.page.keyboard.press("ArrowRight")
    stands_at(auditor, 4)
    expect(auditor.page.locator("[data-film-now]")).to_contain_text("entries may be incomplete")
    auditor.go(f"/audit/film/{repair}/state")
    expect(auditor.page.locator("[data-recomputing-outcome]")).to_contain_text("From event 3 on, the states cannot be recomputed")


# ------------------------------------------------------------------ what auditors see
def stands_at(someone: Person, seq: int) -> None:
    """The film has come to this event, with its diagram and all that stands beside it."""
    expect(someone.page.locator("[data-film]")).to_have_attribute("data-shown", str(seq))
    expect(someone.page.locator("[data-film-trouble]")).to_be_hidden()


def at(someone: Person, element: str) -> Locator:
    """An element of the diagram that is shown."""
    return someone.page.locator(f'.film-diagram:not([hidden]) [data-element-id="{element}"]')


def events_of(company: ProcessEngine, case: str) -> int:
    with company.reading(SYSTEM) as uow:
        return int(uow.scalar(sa.select(sa.func.max(history_event.c.seq)).where(history_event.c.instance_id == case)))


def looks(company: ProcessEngine, case: str) -> list[tuple[str, str]]:
    """Who looked at the case, as the log has it."""
    with company.reading(SYSTEM) as uow:
        rows = uow.rows(sa.select(access_log).where(access_log.c.instance_id == case, access_log.c.kind == "film"))
    return [(row.actor, row.kind) for row in rows]
