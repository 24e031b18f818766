"""Other people's tools read the exports: pm4py finds in them the steps that ran, and a model on which every case replays."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree

from engine import bundles
from engine.audit import event_log, ocel, xes
from engine.audit.criteria import Criteria
from engine.audit.event_log import Names
from engine.diagram.supported import TASKS
from engine.tables import activity_instance, definition, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import related_objects
from tests.conftest import Clock, Databases, open_engine
from web.demo import command

pytestmark = pytest.mark.filterwarnings("ignore")  # pm4py and its dependencies warn of their own future, which is not ours
XES = f"{{{xes.NAMESPACE}}}"
SHIPPED = ("in_warranty", "out_of_warranty")
ORDER = ("extension", "global", "classifier", "string", "trace")
"""In which order IEEE 1849 wants what stands in a log; then, of an event or trace, attributes alone."""


@pytest.fixture(scope="module")
def year(databases_of: Callable[[str], Databases]) -> Iterator[ProcessEngine]:
    """A small year of the demonstration company."""
    engine = open_engine(databases_of("sqlite").new(), Clock())
    command.play(engine, "fuwuflow", number=20, seed=7)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def pm4py() -> Any:
    return pytest.importorskip("pm4py")  # there is none for Python 3.14 yet


def written(year: ProcessEngine, path: Path, criteria: Criteria, *, hides: bool = False) -> Path:
    """An export by its ending."""
    with year.reading(SYSTEM) as uow, path.open("wb") as file:
        traces = event_log.traces(uow, criteria, Names(hides=hides), "en")
        if path.suffix == ".xes":
            xes.write(file, traces, name="test")
        else:
            ocel.write(file, traces, lambda ids: related_objects.of_cases(uow, ids))
    return path


def rows(year: ProcessEngine, query: sa.Select[Any]) -> list[Any]:
    with year.reading(SYSTEM) as uow:
        return uow.rows(query)


def ran(year: ProcessEngine, process: str) -> dict[str, Counter[str]]:
    """Case number → how often each of its tasks was completed, in the words of the diagrams."""
    here, case = activity_instance.c, process_instance.c
    skipped = {row.id for row in rows(year, sa.select(task.c.id).where(task.c.state == "cancelled"))}
    found: dict[str, Counter[str]] = {}
    joined = sa.select(activity_instance, case.business_key).join(process_instance, case.id == here.instance_id)
    for row in rows(year, joined.where(case.process_key == process, here.type.in_(TASKS))):
        counted = found.setdefault(row.business_key, Counter())
        if row.end_state == "left" and row.id not in skipped:
            counted[names(year)[row.process_key, row.element]] += 1
    return found


def names(year: ProcessEngine) -> Mapping[tuple[str, str], str]:
    with year.reading(SYSTEM) as uow:
        known = uow.rows(sa.select(definition).where(definition.c.kind == "process"))
        return {(row.key, each.id): each.name_en or each.name or each.id for row in known
                for each in bundles.model(uow, row.sha256, row.resource_name).processes[row.key].elements.values()}


# ------------------------------------------------------------------ XES
@pytest.mark.parametrize("process", SHIPPED)
def test_pm4py_discovers_from_xes_a_model_on_which_every_case_replays(
        year: ProcessEngine, pm4py: Any, tmp_path: Path, process: str) -> None:
    log = pm4py.read_xes(str(written(year, tmp_path / "log.xes", Criteria(process=process))))
    done = log[log["lifecycle:transition"] == "complete"]
    expected = ran(year, process)
    found = {case: Counter(group["concept:name"]) for case, group in done.groupby("case:concept:name")}
    assert found == {case: counted for case, counted in expected.items() if counted}
    assert len(found) >= 3
    net, begin, end = pm4py.discover_petri_net_inductive(done)
    fitness = pm4py.fitness_token_based_replay(done, net, begin, end)
    assert (fitness["log_fitness"], fitness["perc_fit_traces"]) == (1.0, 100.0)
    assert {each.label for each in net.transitions if each.label} == set().union(*expected.values())


def test_xes_has_the_structure_of_the_standard(year: ProcessEngine, tmp_path: Path) -> None:
    root = etree.parse(str(written(year, tmp_path / "log.xes", Criteria()))).getroot()
    assert (root.tag, root.get("xes.version")) == (f"{XES}log", "1849-2016")
    kinds = [etree.QName(each).localname for each in root]
    assert sorted(kinds, key=ORDER.index) == kinds
    prefixes = {each.get("prefix") for each in root.iter(f"{XES}extension")}
    assert prefixes == {"concept", "time", "lifecycle", "org"}
    for part in (*root.iter(f"{XES}trace"), *root.iter(f"{XES}event")):
        keys = [each.get("key") for each in part if each.get("key")]
        assert len(keys) == len(set(keys))
        assert {key.partition(":")[0] for key in keys if ":" in key} <= prefixes
        attributes = [each for each in part if etree.QName(each).localname != "event"]
        assert list(part)[:len(attributes)] == attributes, "attributes come before events"
        assert {etree.QName(each).localname for each in attributes} <= {"string", "date", "int"}
    for event in root.iter(f"{XES}event"):
        keys = {each.get("key") for each in event}
        assert {"concept:name", "lifecycle:transition", "time:timestamp", "process", "element"} <= keys
    events = {each.get("key"): each for each in next(root.iter(f"{XES}event"))}
    declared = {each.get("key") for each in root.findall(f"{XES}global[@scope='event']/*")}
    assert declared <= set(events)
    for classifier in root.iter(f"{XES}classifier"):
        assert set(classifier.get("keys", "").split()) <= declared | {"org:resource"}


def test_events_of_a_trace_are_in_order_and_a_task_is_offered_before_it_is_done(year: ProcessEngine) -> None:
    with year.reading(SYSTEM) as uow:
        traces = list(event_log.traces(uow, Criteria(), Names(), "en"))
    assert len(traces) == len(rows(year, sa.select(process_instance.c.id)))
    seen = Counter()
    for trace in traces:
        assert [event.at for event in trace.events] == sorted(event.at for event in trace.events)
        lives: dict[str, list[str]] = {}
        for event in trace.events:
            lives.setdefault(event.task, []).append(event.transition)
        for life in lives.values():
            seen.update(life)
            assert life[0] in ("schedule", "start")
            assert sum(each in ("complete", "manualskip", "withdraw", "ate_abort") for each in life) <= 1
            assert "complete" not in life[:-1]
    assert {"schedule", "start", "complete"} <= set(seen)


# ------------------------------------------------------------------ OCEL
def test_pm4py_reads_the_ocel_with_its_objects_and_its_activities_replay(
        year: ProcessEngine, pm4py: Any, tmp_path: Path) -> None:
    criteria = Criteria(process="in_warranty")
    log = pm4py.read_ocel2_json(str(written(year, tmp_path / "log.json", criteria)))
    expected = ran(year, "in_warranty")
    assert Counter(log.events["ocel:activity"]) == sum(expected.values(), Counter())
    assert set(log.objects["ocel:type"]) >= {"case", "machine", "customer", "order", "part"}
    assert set(pm4py.ocel_get_object_types(log)) == set(log.objects["ocel:type"])
    flat = pm4py.ocel_flattening(log, "case")
    net, begin, end = pm4py.discover_petri_net_inductive(flat)
    assert pm4py.fitness_token_based_replay(flat, net, begin, end)["log_fitness"] == 1.0
    found = {case.removeprefix("case:"): Counter(group["concept:name"]) for case, group in flat.groupby("case:concept:name")}
    keys = {row.id: row.business_key for row in rows(year, sa.select(process_instance.c.id, process_instance.c.business_key))}
    assert {keys[case]: counted for case, counted in found.items()} == {
        case: counted for case, counted in expected.items() if counted}


def test_ocel_has_the_shape_of_the_standard_and_no_loose_end(year: ProcessEngine, tmp_path: Path) -> None:
    log = json.loads(written(year, tmp_path / "log.json", Criteria()).read_text("utf-8"))
    assert set(log) == {"objectTypes", "eventTypes", "objects", "events"}
    types = {kind: {each["name"]: {one["name"]: one["type"] for one in each["attributes"]} for each in log[f"{kind}Types"]}
             for kind in ("object", "event")}
    ids = {each["id"] for each in log["objects"]}
    assert len(ids) == len(log["objects"])
    assert len({each["id"] for each in log["events"]}) == len(log["events"]) > 0
    for kind in ("object", "event"):
        for each in log[f"{kind}s"]:
            known = types[kind][each["type"]]
            assert {one["name"] for one in each["attributes"]} <= set(known)
            fields = {"name", "value", "time"} if kind == "object" else {"name", "value"}
            assert all(set(one) == fields for one in each["attributes"])
            assert {one["objectId"] for one in each["relationships"]} <= ids
            assert all(one["qualifier"] for one in each["relationships"])
    moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    assert all(moment.fullmatch(each["time"]) for each in log["events"])
    parts = [each for each in log["objects"] if each["type"] == "part"]
    assert parts
    touched = {one["objectId"] for each in log["events"] for one in each["relationships"]}
    assert {each["id"] for each in parts} & touched


def test_parts_and_orders_are_those_of_the_company(year: ProcessEngine, tmp_path: Path) -> None:
    log = json.loads(written(year, tmp_path / "log.json", Criteria(process="in_warranty")).read_text("utf-8"))
    related = {each["id"]: {one["objectId"].partition(":")[0] for one in each["relationships"]} for each in log["objects"]
               if each["type"] == "case"}
    cases = rows(year, sa.select(process_instance).where(process_instance.c.process_key == "in_warranty"))
    assert set(related) == {f"case:{row.id}" for row in cases}
    with year.reading(SYSTEM) as uow:
        told = list(related_objects.of_cases(uow, [row.id for row in cases]))
    for row in cases:
        mine = {each.type for each in told if each.case == row.id} | ({"machine"} if row.serial else set()) | (
            {"customer"} if row.customer else set())
        assert related[f"case:{row.id}"] == mine


# ------------------------------------------------------------------ pseudonyms
def test_pseudonyms_leave_the_log_as_it_was_but_for_the_names(year: ProcessEngine, tmp_path: Path, pm4py: Any) -> None:
    plain = pm4py.read_xes(str(written(year, tmp_path / "a.xes", Criteria())))
    hidden = pm4py.read_xes(str(written(year, tmp_path / "b.xes", Criteria(), hides=True)))
    for column in ("concept:name", "time:timestamp", "lifecycle:transition", "case:concept:name"):
        assert list(plain[column]) == list(hidden[column])
    pairs = {(a, b) for a, b in zip(plain["org:resource"], hidden["org:resource"], strict=True) if isinstance(a, str)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    assert all(a == b == "system" or b.startswith("person ") for a, b in pairs)
