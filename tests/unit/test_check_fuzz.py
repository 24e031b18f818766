"""Whatever happens to a file, reading refuses it or gives a model, and checking gives problems: never another exception."""

import copy
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.diagram.model import Diagram
from engine.diagram.read import read
from engine.errors import DeploymentRefused, Problem
from engine.spiff.compile import compile_processes
from tests.unit.bad_diagrams import BAD
from tests.unit.diagram_builder import check
from tests.unit.good_diagrams import DOCUMENTED, FOREIGN, GOOD

SEEDS = ([*GOOD.values(), DOCUMENTED, FOREIGN],
         [bad.data for bad in BAD if bad.file == "f.bpmn" and len(bad.data) < 20_000])
WORDS = ["", "u1", "s", "e", "gone", "true", "${x}", "=", "= [", "feel", "-1", "PT", "R/", "none", "a b", "\u00a0", "9" * 400]
ODD_TAGS = ["subProcess", "startEvent", "boundaryEvent", "sequenceFlow", "laneSet", "nonsense",
            "multiInstanceLoopCharacteristics"]
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def _elements(root: etree._Element) -> list[etree._Element]:
    return [element for element in root.iter() if isinstance(element.tag, str)]


def _mutate(root: etree._Element, rng: random.Random) -> None:
    element = rng.choice(_elements(root))
    kind = rng.randrange(7)
    if kind == 0 and element.getparent() is not None:
        element.getparent().remove(element)
    elif kind == 1 and element.attrib:
        del element.attrib[rng.choice(list(element.attrib))]
    elif kind == 2 and element.attrib:
        element.set(rng.choice(list(element.attrib)), rng.choice(WORDS))
    elif kind == 3:
        element.text = rng.choice(WORDS)
    elif kind == 4:
        element.append(copy.deepcopy(rng.choice(_elements(root))))
    elif kind == 5:
        element.tag = BPMN + rng.choice(ODD_TAGS)
    else:
        other = rng.choice(_elements(root))
        element.attrib.update(other.attrib)


def _mutant(seed: int) -> bytes:
    rng = random.Random(seed)
    data = rng.choice(SEEDS[rng.random() < 0.3])
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    except (etree.XMLSyntaxError, ValueError):
        return data[:rng.randrange(len(data) + 1)]
    for _ in range(rng.randrange(1, 4)):
        _mutate(root, rng)
    data = etree.tostring(root)
    return data[:rng.randrange(len(data))] if rng.random() < 0.1 else data


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_mutated_file_is_refused_or_read_and_always_checked(seed: int) -> None:
    data = _mutant(seed)
    problems = check(data)
    model = _read(data)
    if isinstance(model, Diagram):
        if all(p.severity == "warning" for p in problems):
            compile_processes({key: process for key, process in model.processes.items() if process.is_executable})
    else:
        assert {p.code for p in model} <= {p.code for p in problems}


def _read(data: bytes) -> Diagram | tuple[Problem, ...]:
    try:
        return read(data, "f.bpmn")
    except DeploymentRefused as refusal:
        return refusal.problems


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    for name in ("f.bpmn", "f.form", "f.dmn"):
        assert any(p.severity == "error" for p in check(data, name))
