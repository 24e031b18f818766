"""Every shipped diagram can be read: checked from the coordinates of its own picture."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest

from engine.settings import ROOT
from tests.diagrams.geometry import Picture

FILES = sorted((ROOT / "bpmn").glob("*.bpmn"))
MOST_CROSSINGS = 2


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def picture(request: pytest.FixtureRequest) -> Picture:
    path: Path = request.param
    return Picture(path)


def none(found: Iterable[object]) -> None:
    assert list(found) == []


def test_there_are_diagrams() -> None:
    assert FILES


def test_everything_is_drawn(picture: Picture) -> None:
    none(picture.not_drawn())


def test_lines_are_horizontal_or_vertical(picture: Picture) -> None:
    none(picture.slanted())


def test_lines_begin_and_end_at_what_they_join(picture: Picture) -> None:
    none(picture.loose_ends())


def test_no_line_runs_through_a_box(picture: Picture) -> None:
    none(picture.lines_through_nodes())


def test_no_two_lines_share_a_stretch(picture: Picture) -> None:
    none(picture.shared_lines())


def test_at_most_two_lines_cross(picture: Picture) -> None:
    assert len(picture.crossings()) <= MOST_CROSSINGS, picture.crossings()


def test_labels_are_off_the_lines(picture: Picture) -> None:
    none(picture.labels_on_lines())


def test_labels_are_off_the_boxes(picture: Picture) -> None:
    none(picture.labels_on_nodes())


def test_labels_are_off_each_other(picture: Picture) -> None:
    none(picture.labels_on_labels())


def test_labels_have_the_room_they_need(picture: Picture) -> None:
    none(picture.tight_labels())


def test_words_fit_into_their_tasks(picture: Picture) -> None:
    none(picture.crowded_tasks())


def test_boxes_are_off_each_other(picture: Picture) -> None:
    none(picture.nodes_on_nodes())


def test_everything_stands_in_its_lane_and_sub_process(picture: Picture) -> None:
    none(picture.outside_their_scope())


def test_lanes_are_stacked_in_the_order_of_the_file(picture: Picture) -> None:
    boxes = [picture.node(lane) for lane in picture.lanes]
    assert all(abs(above.bottom - below.y) <= 1 and above.x == below.x and above.width == below.width
               for above, below in pairwise(boxes))


def test_the_flow_starts_at_the_left(picture: Picture) -> None:
    flow = [element for element in picture.process.inside(picture.process.id) if not element.is_event_sub_process]
    assert min(flow, key=lambda element: picture.node(element.id).x).type == "startEvent"
