"""What is wrong with a set of files, and with the draft that they are in: the deploy gate, and whether it is out of date."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, deployments
from engine.diagram import check
from engine.diagram.check import File
from engine.diagram.codes import problem
from engine.errors import Problem
from engine.modeling import drafts
from engine.tables import definition
from engine.unit_of_work import UnitOfWork


def problems(uow: UnitOfWork, files: Sequence[File]) -> tuple[Problem, ...]:
    """Every problem of a deployment of `files` to this database, soundness of its diagrams among them; errors first."""
    return tuple(check.check(files, deployments.known(uow, files)))


def of_draft(uow: UnitOfWork, draft: sa.Row[Any], files: Sequence[File] | None = None) -> tuple[Problem, ...]:
    """The problems of a draft's files (or of `files` in their place), and which of them began with a version that is old now."""
    shown = drafts.as_files(uow, draft.id) if files is None else files
    return (*problems(uow, shown), *_outdated(uow, draft, {file.name for file in shown}))


def has_errors(found: Sequence[Problem]) -> bool:
    """Whether they stand in the way of a submission."""
    return any(each.severity == "error" for each in found)


def _outdated(uow: UnitOfWork, draft: sa.Row[Any], names: set[str]) -> list[Problem]:
    if draft.status not in ("draft", "submitted", "approved"):
        return []
    based_on = {name: base for name, base in canonical.loads(draft.based_on).items() if name in names}
    rows = {row.id: row for row in uow.rows(sa.select(definition).where(definition.c.id.in_(based_on.values())))}
    found = []
    for name, base in sorted(based_on.items()):
        row = rows[base]
        newest = bundles.latest(uow, row.kind, row.key)
        if newest is not None and newest.version > row.version:
            found.append(problem("base_outdated", file=name, base=row.version, newest=newest.version))
    return found
