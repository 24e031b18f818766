"""What walked cases did could have been done by the diagrams that they ran on, and by no diagram that lacks one of the steps."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine.diagram.model import Process
from engine.diagram.token_game import Done, Trace, could_produce, traces
from engine.tables import activity_instance, process_instance
from engine.unit_of_work import ProcessEngine
from tests.conftest import Clock
from tests.diagrams.walker import Walker

SEED, STEPS = 5, 900


class Ticking(Clock):
    """A clock that goes on by itself, so that every transaction has a time of its own, as in life."""

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Instead of the clock that stands."""
    return Ticking()


@pytest.fixture
def walked(company: ProcessEngine, clock: Clock) -> tuple[dict[str, Process], list[Trace]]:
    """The diagrams, and what every run of the finished cases did."""
    walker = Walker(company, clock, random.Random(SEED))
    walker.walk(STEPS)
    rows: dict[str, list[Any]] = defaultdict(list)
    finished = sa.select(process_instance.c.id).where(process_instance.c.ended_at.is_not(None))
    for row in walker.rows(sa.select(activity_instance).where(activity_instance.c.instance_id.in_(finished))):
        rows[row.instance_id].append(row)
    return walker.known, [trace for case in rows.values() for trace in traces(case)]


def test_every_walked_case_could_have_been_produced_by_its_own_diagram_and_altered_ones_not(
        walked: tuple[dict[str, Process], list[Trace]]) -> None:
    known, runs = walked
    assert len(runs) > 50
    assert {run.process for run in runs} == set(known)
    for run in runs:
        fit = could_produce(known[run.process], run)
        assert fit.is_possible, ([s.element for s in run.steps], fit)
    altered = 0
    for run in runs[:120]:
        tasks = [step.element for step in run.steps if step.type in ("userTask", "serviceTask")]
        for name in sorted(set(tasks))[:3]:
            altered += 1
            fit = could_produce(without(known[run.process], name), run)
            gone = {name, *(event.id for event in known[run.process].boundary_events(name))}
            first = next(number for number, step in enumerate(run.steps) if step.element in gone)
            assert (fit.is_possible, fit.at, fit.element) == (False, first, run.steps[first].element)
            shorter = replace(run, steps=tuple(step for step in run.steps if step.element != name))
            if must_come(known[run.process], run, name):
                assert could_produce(known[run.process], shorter).is_possible is False, (name, run)
            assert could_produce(renamed(known[run.process], name), run, renamed={name: "new_name"}).is_possible
    assert altered > 50


def must_come(process: Process, run: Trace, name: str) -> bool:
    """Whether the step right before leads to `name` only, so that the run without it cannot be."""
    place = [step.element for step in run.steps].index(name)
    before = process.elements[run.steps[place - 1].element] if place else None
    return before is not None and [process.flows[f].target for f in before.outgoing] == [name] and not before.attached_to


def without(process: Process, name: str) -> Process:
    """The diagram with the step taken out and the flows joined."""
    gone = process.elements[name]
    target = process.flows[gone.outgoing[0]].target if gone.outgoing else ""
    flows = {f.id: replace(f, target=target) if f.target == name else f for f in process.flows.values() if f.source != name}
    elements = {e.id: e for e in process.elements.values() if name not in (e.id, e.attached_to)}
    if target:
        after = elements[target]
        into = tuple(f for f in after.incoming if f in flows) + gone.incoming
        elements[target] = replace(after, incoming=into)
    return replace(process, elements=elements, flows=flows)


def renamed(process: Process, name: str) -> Process:
    """The diagram with another id for one step."""
    flows = {f.id: replace(f, source="new_name" if f.source == name else f.source,
                           target="new_name" if f.target == name else f.target) for f in process.flows.values()}
    elements = {("new_name" if k == name else k): replace(e, id="new_name" if k == name else e.id,
                attached_to="new_name" if e.attached_to == name else e.attached_to) for k, e in process.elements.items()}
    return replace(process, elements=elements, flows=flows)


def test_a_run_that_stops_in_the_middle_has_not_come_to_its_end(walked: tuple[dict[str, Process], list[Trace]]) -> None:
    known, runs = walked
    run = max(runs, key=lambda r: len(r.steps))
    users = [n for n, step in enumerate(run.steps) if step.type == "userTask"]
    cut = replace(run, steps=run.steps[:users[-1]])
    fit = could_produce(known[run.process], cut)
    assert (fit.is_possible, fit.at, fit.element) == (False, len(cut.steps), None)
    assert could_produce(known[run.process], replace(cut, has_ended=False)).is_possible


def test_an_unknown_step_is_named() -> None:
    process = Process("p", "", "", is_executable=True, elements={}, flows={}, lanes=(), properties={}, attributes={})
    fit = could_produce(process, Trace("p", (Done("gone", "userTask"),)))
    assert (fit.is_possible, fit.at, fit.element) == (False, 0, "gone")
