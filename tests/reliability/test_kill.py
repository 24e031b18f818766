"""After SIGKILL at each named point the case goes on, and nothing is lost or doubled, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import deployments, identity
from engine.audit import recomputation, verification
from engine.diagram.check import File
from engine.settings import ROOT
from engine.tables import activity_instance, history_event, idempotency_key, job, process_instance, subscription, task, task_candidate
from engine.unit_of_work import SYSTEM
from tests.conftest import Databases
from tests.reliability.points import POINTS, Point
from tests.reliability.scenario import DIAGRAM, metadata, notes, open_engine

ORGANIZATION = {"offices": [{"id": "head", "name": "head", "name_en": "head", "region": ""}],
                "groups": [{"id": "staff", "name": "staff", "name_en": "staff", "by_office": False}], "users": []}
COMMANDS = ["start", "complete", "job", "job", "timer", "complete", "complete", "message", "complete"]


@dataclass(frozen=True)
class Place:
    """A database with the process, and the file that the effect writes to."""

    url: str
    told: Path

    def run(self, *point: str) -> int:
        """Drive the case in a process of its own; how it ended."""
        command = [sys.executable, "-W", "ignore", "-m", "tests.reliability.child", self.url, str(self.told), *point]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode in (0, -9), done.stderr[-2000:]
        return done.returncode


@pytest.fixture
def place(empty_url: str, tmp_path: Path) -> Iterator[Place]:
    told = tmp_path / "told"
    engine, _ = open_engine(empty_url, told, lambda _: None)
    with engine.transaction(SYSTEM) as uow:
        metadata.create_all(uow.connection)
        identity.seed(uow, ORGANIZATION, "")
        deployments.deploy(uow, [File("case.bpmn", DIAGRAM)], name="reliability")
    engine.close()
    yield Place(empty_url, told)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name.replace(" ", "_"))
def test_a_killed_process_leaves_a_case_that_goes_on_whole_and_once(place: Place, point: Point) -> None:
    assert place.run(point.name) == -9, "the point was not met"
    assert place.run() == 0
    must_be_whole(place, repeats_effect=point.name == "between an effect and its commit")


def test_a_process_killed_again_and_again_ends_the_case(place: Place) -> None:
    for point in POINTS:
        place.run(point.name)
    assert place.run() == 0
    must_be_whole(place, repeats_effect=True)


def must_be_whole(place: Place, *, repeats_effect: bool) -> None:
    """Everything happened once: the record says so, verifies, recomputes, and the rows agree with it."""
    engine, _ = open_engine(place.url, place.told, lambda _: None)
    with engine.reading(SYSTEM) as uow:
        case = uow.rows(sa.select(process_instance))
        assert [(row.status, row.end_element) for row in case] == [("completed", "done")]
        events = uow.rows(sa.select(history_event).order_by(history_event.c.seq))
        assert [event.command for event in events] == COMMANDS
        assert list(verification.verify(uow)) == []
        assert [m.seq for m in recomputation.recompute(uow, case[0].id) if m.is_same] == list(range(1, len(COMMANDS) + 1))
        assert sorted(row.element for row in uow.rows(sa.select(task))) == ["ask", "check", "close", "remind"]
        assert {row.state for row in uow.rows(sa.select(task))} == {"completed"}
        assert len(uow.rows(sa.select(idempotency_key))) == 4
        entered = [row.element for row in uow.rows(sa.select(activity_instance))]
        assert len(entered) == len(set(entered))
        assert {row.ended_at is None for row in uow.rows(sa.select(activity_instance))} == {False}
        assert sorted(row.kind for row in uow.rows(sa.select(job)) if row.state == "done") == ["service", "service", "timer"]
        for waits in (task_candidate, subscription):
            assert uow.rows(sa.select(waits)) == []
        assert len(uow.rows(sa.select(notes))) == 1
    engine.close()
    lines = place.told.read_text("utf-8").splitlines()
    assert len(set(lines)) == 1
    assert repeats_effect or len(lines) == 1
