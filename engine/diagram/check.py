"""The deploy gate: every problem of a deployment, errors first. Pure: bytes in, findings out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, NoReturn

from engine import decisions, forms
from engine.decisions import Decision
from engine.diagram import (
    calls,
    conditions,
    drawing,
    event_rules,
    extensions,
    feel,
    read,
    references,
    schema,
    structure,
    supported,
    times,
    wording,
    work,
)
from engine.diagram.codes import problem
from engine.diagram.model import Process
from engine.diagram.sources import File, Known, Source
from engine.errors import DeploymentRefused, EngineError, ExpressionError, Problem
from engine.expression_messages import explain
from engine.xml import MAX_BYTES

__all__ = ["DECISION", "DIAGRAM", "FORM", "File", "Known", "check"]

DIAGRAM, FORM, DECISION = (".bpmn", ".bpmn20.xml", ".xml"), (".form",), (".dmn",)
"""How the names of the files of a deployment end."""
BY_ITSELF = (schema, references, supported, extensions, structure, event_rules, wording, drawing)
WITH_OTHERS = (conditions, feel, times, work, calls)


@dataclass
class _Deployment:
    """What the files of one deployment define, by key, with the file that does."""

    problems: list[Problem] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    forms: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)


def check(files: Sequence[File], known: Known) -> list[Problem]:
    """Every problem of a deployment of `files`; `known` is what they may refer to besides each other."""
    found = _Deployment()
    for file in files:
        _read(found, file)
    found.problems.extend(problem("file_twice", file=name) for name in _twice([file.name for file in files]))
    known = replace(
        known, forms={**known.forms, **found.forms}, decisions={**known.decisions, **found.decisions},
        processes={**known.processes, **{p.id: s.diagram for s in found.sources for p in s.processes}})
    for source in found.sources:
        found.problems.extend(_problems(source, known))
    found.problems.extend(_lists(found, known))
    return sorted(_distinct(found.problems), key=lambda each: each.severity != "error")


def _problems(source: Source, known: Known) -> Iterator[Problem]:
    if not source.processes:
        yield source.problem("no_executable_process")
    for family in BY_ITSELF:
        yield from family.problems(source)
    for family_with_known in WITH_OTHERS:
        yield from family_with_known.problems(source, known)
    yield from _message_starts(source, known)


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _distinct(problems: Sequence[Problem]) -> list[Problem]:
    """Two families may see the same thing; it is said once."""
    return list({(p.code, p.file, p.element, p.field, p.en): p for p in problems}.values())


# ------------------------------------------------------------------ reading


def _read(found: _Deployment, file: File) -> None:
    readers = {FORM: _read_form, DECISION: _read_decisions, DIAGRAM: _read_diagram}
    for endings, reader in readers.items():
        if file.name.lower().endswith(endings):
            reader(found, file)
            return
    found.problems.append(problem("file_kind", file=file.name))


def _read_diagram(found: _Deployment, file: File) -> None:
    try:
        root = read.tree(file.data, file.name)
        source = Source(file.name, root, read.model(root, file.data, file.name))
    except DeploymentRefused as refusal:
        found.problems.extend(refusal.problems)
        return
    found.sources.append(source)
    for process in source.processes:
        _claim(found, "process", process.id, file)


def _read_form(found: _Deployment, file: File) -> None:
    try:
        form = _json(file.data)
        problems = forms.check_schema(form, file.name)
    except (ValueError, RecursionError, EngineError) as refusal:
        found.problems.append(problem("form_malformed", file=file.name, message=_words(refusal)[1]))
        return
    found.problems.extend(problems)
    key = str(form.get("id") or PurePath(file.name).stem)
    _claim(found, "form", key, file)
    is_usable = all(each.severity == "warning" for each in problems)
    found.forms[key] = form if is_usable else {}  # the name exists; nothing is said about its fields


def _json(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes, the limit is {MAX_BYTES}")
    form = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    if not isinstance(form, dict):
        raise ValueError("not an object")
    return form


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_decisions(found: _Deployment, file: File) -> None:
    try:
        parsed = decisions.parse(file.data, file.name)
    except EngineError as refusal:
        zh, en = _words(refusal)
        found.problems.append(problem("decision_malformed", file=file.name, message_zh=zh, message=en))
        return
    for decision in parsed:
        _claim(found, "decision", decision.key, file)
        found.decisions[decision.key] = decision


def _words(refusal: Exception) -> tuple[str, str]:
    if isinstance(refusal, ExpressionError):
        return explain(refusal.facts)
    return str(refusal), str(refusal)


def _claim(found: _Deployment, kind: str, key: str, file: File) -> None:
    """Note that `file` defines `key`; a second file that does is a problem."""
    other = found.files.setdefault((kind, key), file.name)
    if other != file.name:
        found.problems.append(problem("duplicate_key", file=file.name, element=key, key=key, other=other))


# ------------------------------------------------------------------ across files


def _message_starts(source: Source, known: Known) -> Iterator[Problem]:
    """Names of start messages are unique over the latest definitions (details.md, Cases and messages)."""
    taken: dict[str, tuple[str, str]] = {}
    for process in _latest(known):
        for start in process.starts():
            name = start.event.name if start.event and start.event.kind == "message" else None
            first = taken.setdefault(name, (process.id, start.id)) if name else None
            is_here = any(key in source.diagram.processes for key in (process.id, *(first or ())[:1]))
            if name and first and first != (process.id, start.id) and is_here:
                yield _taken(source, (process.id, start.id), first, name)


def _latest(known: Known) -> list[Process]:
    """The newest version of every process; the diagram of an older one may hold others that are still current."""
    return [d.processes[key] for key, d in known.processes.items() if d and key in d.processes]


def _taken(source: Source, second: tuple[str, str], first: tuple[str, str], name: str) -> Problem:
    here, other = (second, first) if second[0] in source.diagram.processes else (first, second)
    return source.problem("message_start_taken", here[1], "messageRef", found=name, other=other[0])


def _lists(found: _Deployment, known: Known) -> Iterator[Problem]:
    """A select's `valuesKey` names a list of the server."""
    for key, form in found.forms.items():
        for each in forms.fields(form):
            if each.values_key and each.values_key not in known.lists:
                choices = ", ".join(sorted(known.lists)) or "–"
                yield problem("list_unknown", file=found.files["form", key], element=key, field=each.key, list=each.values_key,
                              choices=choices)
