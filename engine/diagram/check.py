"""The deploy gate: every problem of a deployment, errors first. Pure: bytes in, findings out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine import forms
from engine.diagram import (
    calls,
    conditions,
    drawing,
    event_rules,
    extensions,
    feel,
    references,
    schema,
    soundness,
    structure,
    supported,
    times,
    wording,
    work,
)
from engine.diagram.codes import problem
from engine.diagram.deployment import DECISION, DIAGRAM, FORM, Deployment
from engine.diagram.model import Process
from engine.diagram.sources import File, Known, Source
from engine.errors import Problem

__all__ = ["DECISION", "DIAGRAM", "FORM", "File", "Known", "check"]

BY_ITSELF = (schema, references, supported, extensions, structure, soundness, wording, drawing)
WITH_OTHERS = (event_rules, conditions, feel, times, work, calls)
"""The families of rules, each a module with `problems(source)` or `problems(source, known)`."""


def check(files: Sequence[File], known: Known) -> list[Problem]:
    """Every problem of a deployment of `files`; `known` is what they may refer to besides each other."""
    found = Deployment()
    for file in files:
        found.read(file)
    known = _with(known, found)
    problems = [*found.problems, *_names(files), *_lists(found, known)]
    for source in found.sources:
        problems.extend(_problems(source, known))
    return sorted(_distinct(problems), key=lambda each: each.severity != "error")


def _with(known: Known, found: Deployment) -> Known:
    """What is known, with what the deployment brings itself."""
    processes = {process.id: source.diagram for source in found.sources for process in source.processes}
    return replace(known, forms={**known.forms, **found.forms}, decisions={**known.decisions, **found.decisions},
                   processes={**known.processes, **processes})


def _problems(source: Source, known: Known) -> Iterator[Problem]:
    if not source.processes:
        yield source.problem("no_executable_process")
    for family in BY_ITSELF:
        yield from family.problems(source)
    for family_with_known in WITH_OTHERS:
        yield from family_with_known.problems(source, known)
    yield from _message_starts(source, known)


def _distinct(problems: Sequence[Problem]) -> list[Problem]:
    """Two families may see the same thing; it is said once."""
    return list({(p.code, p.file, p.element, p.field, p.en): p for p in problems}.values())


# ------------------------------------------------------------------ across files


def _names(files: Sequence[File]) -> Iterator[Problem]:
    names = [file.name for file in files]
    yield from (problem("file_twice", file=name) for name in sorted({name for name in names if names.count(name) > 1}))


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


def _lists(found: Deployment, known: Known) -> Iterator[Problem]:
    """A select's `valuesKey` names a list of the server."""
    choices = ", ".join(sorted(known.lists)) or "–"
    for key, form in found.forms.items():
        for each in forms.fields(form):
            if each.values_key and each.values_key not in known.lists:
                yield problem("list_unknown", file=found.files["form", key], element=key, field=each.key, list=each.values_key,
                              choices=choices)
