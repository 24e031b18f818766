"""What is wrong with a set of files, and with the draft that they are in: the deploy gate, and whether it is out of date."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, deployments
from engine.diagram import check
from engine.diagram.check import File
from engine.diagram.codes import problem
from engine.diagram.deployment import Deployment
from engine.errors import Problem
from engine.modeling import drafts
from engine.tables import definition
from engine.unit_of_work import UnitOfWork


def problems(uow: UnitOfWork, files: Sequence[File]) -> tuple[Problem, ...]:
    """Every problem of a deployment of `files` to this database, soundness of its diagrams among them; errors first."""
    return tuple(check.check(files, deployments.known(uow, files)))


def of_draft(uow: UnitOfWork, draft: sa.Row[Any], files: Sequence[File] | None = None) -> tuple[Problem, ...]:
    """The problems of a draft's files (or of `files` in their place), which of them began with a version that is old now, and
    which of them define something else than what they began with."""
    shown = drafts.as_files(uow, draft.id) if files is None else files
    bases = _bases(uow, draft, {file.name for file in shown})
    return (*problems(uow, shown), *_outdated(uow, bases), *_renamed(shown, bases))


def has_errors(found: Sequence[Problem]) -> bool:
    """Whether they stand in the way of a submission."""
    return any(each.severity == "error" for each in found)


def _bases(uow: UnitOfWork, draft: sa.Row[Any], names: set[str]) -> dict[str, sa.Row[Any]]:
    """File name → the version that it began with, of a draft in work."""
    if draft.status not in ("draft", "submitted", "approved"):
        return {}
    based_on = {name: base for name, base in sorted(canonical.loads(draft.based_on).items()) if name in names}
    rows = {row.id: row for row in uow.rows(sa.select(definition).where(definition.c.id.in_(based_on.values())))}
    return {name: rows[base] for name, base in based_on.items()}


def _outdated(uow: UnitOfWork, bases: Mapping[str, sa.Row[Any]]) -> Iterator[Problem]:
    for name, row in bases.items():
        newest = bundles.latest(uow, row.kind, row.key)
        if newest is not None and newest.version > row.version:
            yield problem("base_outdated", file=name, base=row.version, newest=newest.version)


def _renamed(files: Sequence[File], bases: Mapping[str, sa.Row[Any]]) -> Iterator[Problem]:
    """What a file began with may have moved to another one of the draft; a file that cannot be read says so itself."""
    read = Deployment()
    for file in files:
        read.read(file)
    unread = {each.file for each in read.problems if each.severity == "error"}
    for name, row in bases.items():
        if (row.kind, row.key) not in read.files and name not in unread:
            yield problem("key_changed", file=name, key=row.key)
