"""Every malformed or hostile file gets its code, names its element, and says so in two whole sentences."""

import re

import pytest

from engine.diagram.check import check as check_files
from engine.diagram.codes import CODES
from engine.diagram.sources import File
from tests.unit.bad_diagrams import BAD, Bad
from tests.unit.diagram_builder import chain, check, definitions, known, process

ACROSS_FILES = {"file_twice", "duplicate_key"}
OF_DRAFTS = {"base_outdated", "key_changed"}  # tests/database has them
PLACEHOLDER = re.compile(r"(?<![$#])\{[a-z_]*\}|\bNone\b")


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.code}-{str(bad.element)[:20]}")
def test_bad_file_gets_its_code_at_its_element(bad: Bad) -> None:
    found = check(bad.data, bad.file)
    assert (bad.code, bad.element) in {(p.code, p.element) for p in found}


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.code}-{str(bad.element)[:20]}")
def test_every_sentence_is_whole_in_both_languages(bad: Bad) -> None:
    for problem in check(bad.data, bad.file):
        for sentence in (problem.zh, problem.en):
            assert sentence
            assert not PLACEHOLDER.search(sentence), sentence
        assert problem.zh != problem.en
        assert problem.file == bad.file


def test_there_are_sixty_and_one_for_each_code() -> None:
    assert len(BAD) >= 60
    assert {bad.code for bad in BAD} | ACROSS_FILES | OF_DRAFTS == set(CODES)


def test_two_files_of_one_name_are_refused() -> None:
    data = definitions(process(chain("s>u1>e"))).encode()
    assert "file_twice" in {p.code for p in check_files([File("a.bpmn", data), File("a.bpmn", data)], known())}


def test_a_key_defined_in_two_files_is_refused() -> None:
    data = definitions(process(chain("s>u1>e"))).encode()
    found = check_files([File("a.bpmn", data), File("b.bpmn", data)], known())
    assert [(p.file, p.element) for p in found if p.code == "duplicate_key"] == [("b.bpmn", "p")]


def test_errors_come_first_and_all_files_are_read() -> None:
    bad = [File(f"{number}{each.file[1:]}", each.data) for number, each in enumerate(BAD[:12])]
    found = check_files(bad, known())
    assert {p.file for p in found} == {file.name for file in bad}
    severities = [p.severity for p in found]
    assert severities == sorted(severities, key="error warning".index)
