"""A version of a process as a document: its pictures, its steps in words, its revisions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from engine import bundles, forms
from engine.diagram import manual, svg
from engine.diagram.change_words import Both, Names, groups_words
from engine.diagram.manual import Step
from engine.diagram.model import Process
from engine.diagram.procedure_words import Language, Vocabulary, retention
from engine.errors import NotFound
from engine.forms import Field
from engine.modeling import library
from engine.modeling.library import Version
from engine.unit_of_work import UnitOfWork

Ways = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Manual:
    """What is printed. `pictures` are `<svg>` texts, the diagram in strips from left to right; `revisions` newest first."""

    version: Version
    process: Process
    starters: str
    kept: str
    pictures: Sequence[str]
    starts: Sequence[tuple[str, Ways]]
    steps: Sequence[Step]
    revisions: Sequence[Version]


def of(uow: UnitOfWork, key: str, version: int | None, names: Names, language: Language) -> Manual:
    """The manual of a version, of the one in effect where none is asked for. `NotFound`."""
    revisions = library.versions(uow, "process", key)
    chosen = next((each for each in revisions if (each.is_current if version is None else each.row.version == version)), None)
    if chosen is None:
        if version is not None:
            raise NotFound(kind="definition", id=f"{key} {version}")
        chosen = revisions[0]
    process = bundles.model(uow, chosen.row.sha256, chosen.row.resource_name).processes[key]
    found = _forms(uow, process)
    words = Vocabulary(language, replace(names, forms=_called(found)), _fields(found))
    data = bundles.stored_bytes(uow, chosen.row.sha256)
    pictures = [strip for drawn in svg.drawings(data, chosen.row.resource_name, language) for strip in drawn.strips()]
    starters = process.attributes.get("candidateStarterGroups", "")
    return Manual(chosen, process, words.pick(groups_words(starters, names.groups)),
                  retention(process.attributes.get("historyTimeToLive", ""), words), pictures,
                  manual.starts(process, words), manual.steps(process, words), revisions)


def _forms(uow: UnitOfWork, process: Process) -> dict[str, dict[str, Any]]:
    """The forms that the process uses, by key."""
    found: dict[str, dict[str, Any]] = {}
    for key in sorted({ref for element in process.elements.values() if (ref := element.attributes.get("formRef"))}):
        row: sa.Row[Any] | None = bundles.latest(uow, "form", key)
        if row is not None:
            found[key] = json.loads(bundles.stored_bytes(uow, row.sha256))
    return found


def _fields(found: Mapping[str, dict[str, Any]]) -> dict[str, Field]:
    """Their fields, by variable: what conditions call them."""
    return {each.key: each for form in found.values() for each in forms.fields(form)}


def _called(found: Mapping[str, dict[str, Any]]) -> dict[str, Both]:
    """What they are called in Chinese and English."""
    return {key: (zh or key, en or key) for key, form in found.items() for zh, en in [forms.called(form)]}
