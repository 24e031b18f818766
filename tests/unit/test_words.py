"""Every sentence that a person may read exists in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine import errors as kinds
from engine.settings import ROOT
from web import errors

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
CLASSES = {name for name, kind in vars(kinds).items() if isinstance(kind, type) and issubclass(kind, kinds.EngineError)}
# What a person at a page can meet; codes that only diagrams, files or FEEL raise are told by their class.
VERBS = ("tasks", "instances", "interventions", "watching", "identity", "jobs", "actions", "replies", "unit_of_work", "execution",
         "modeling/drafts", "modeling/approvals", "modeling/opening", "modeling/saves")


def test_every_sentence_of_the_pages_has_its_chinese() -> None:
    with (ROOT / "web/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        catalog = read_po(file, locale="zh")
    asked = {found[2] for found in extract_from_dir(ROOT / "web", METHODS)}
    missing = [text for text in asked if not (catalog.get(text) and catalog.get(text).string)]
    assert missing == []


def test_no_sentence_is_kept_that_no_page_asks_for() -> None:
    with (ROOT / "web/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        known = {message.id for message in read_po(file, locale="zh") if message.id}
    assert known <= {found[2] for found in extract_from_dir(ROOT / "web", METHODS)}


@pytest.mark.parametrize("room", VERBS)
def test_every_refusal_of_a_verb_has_a_sentence_of_its_own(room: str) -> None:
    codes = set(_codes(ROOT / "engine" / f"{room}.py"))
    assert sorted(codes - set(errors.BY_CODE) - INTERNAL) == []


INTERNAL = frozenset({"version"})  # the lock makes it impossible


def test_every_kind_of_refusal_has_a_status() -> None:
    for name in CLASSES - {"EngineError"}:
        assert errors.BY_CLASS[name].status >= 400


def test_sentence_names_facts_and_never_reaches_into_them() -> None:
    error = kinds.AlreadyChanged("task_claimed", who="{0.__class__}", what="claim")
    assert "{0.__class__}" in errors.sentence(error, "en")


def _codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        is_refusal = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES
        if is_refusal and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)
