"""Bundles: the definition versions that a case reaches, fixed at its start, compiled once a process (details.md, Versions)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import canonical, decisions
from engine.diagram import read
from engine.diagram.model import Diagram, Element, Process
from engine.errors import NotFound
from engine.spiff import compile as spiff_compile
from engine.spiff.compile import Spec
from engine.tables import bundle, definition, resource
from engine.unit_of_work import UnitOfWork

Members = dict[str, dict[str, str]]
"""`{"process": {key: definition id}, "form": {…}, "decision": {…}}`"""
_LATEST = sa.select(definition).where(
    definition.c.kind == sa.bindparam("of"), definition.c.key == sa.bindparam("named"), definition.c.withdrawn_at.is_(None),
).order_by(definition.c.version.desc()).limit(1)
_IS_KEPT = sa.select(bundle.c.id).where(bundle.c.id == sa.bindparam("bundle"))


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that a case runs on; shared by cases and threads, never changed."""

    id: str
    root: str
    members: Members
    versions: Mapping[str, int]  # process key → version
    processes: Mapping[str, Process]
    spec: Spec
    forms: Mapping[str, Mapping[str, Any]]
    decisions: Mapping[str, decisions.Decision]

    def element(self, process: str, element: str) -> Element:
        """The element's row."""
        return self.processes[process].elements[element]


def load(uow: UnitOfWork, bundle_id: str) -> Bundle:
    """The compiled bundle, from this process's cache or from the stored bytes."""
    cache: dict[str, Bundle] = uow.engine.bundles
    found = cache.get(bundle_id)
    if found is None:
        found = cache[bundle_id] = _compile(uow, bundle_id)
    return found


def assemble(uow: UnitOfWork, root: sa.Row[Any]) -> str:
    """The id of the bundle that a case of this row of `definition` starts with now: the latest of all that it reaches."""
    members: Members = {"process": {}, "form": {}, "decision": {}}
    _reach(uow, root, members)
    text = canonical.dumps({"root": root.id, "members": members})
    bundle_id = canonical.digest(text)
    if uow.scalar(_IS_KEPT, bundle=bundle_id) is None:
        uow.add_once(bundle, id=bundle_id, root=root.id, members=canonical.dumps(members))
    return bundle_id


def latest(uow: UnitOfWork, kind: str, key: str) -> sa.Row[Any] | None:
    """The newest version of a definition (kind: process | form | decision | scenario) that is not withdrawn."""
    return uow.row(_LATEST, of=kind, named=key)


def model(uow: UnitOfWork, sha256: str, file: str) -> Diagram:
    """The diagram stored under `sha256`, read once a process."""
    cache: dict[str, Diagram] = uow.engine.diagrams
    if sha256 not in cache:
        cache[sha256] = read.read(stored_bytes(uow, sha256), file)
    return cache[sha256]


def stored_bytes(uow: UnitOfWork, sha256: str) -> bytes:
    """The very bytes that were deployed."""
    data = uow.scalar(sa.select(resource.c.bytes).where(resource.c.sha256 == sha256))
    if data is None:
        raise NotFound(kind="resource", id=sha256)
    return bytes(data)


def references(process: Process) -> dict[str, set[str]]:
    """The keys of processes, forms and decisions that a process names."""
    found: dict[str, set[str]] = {"process": set(), "form": set(), "decision": set()}
    for element in process.elements.values():
        if element.type == "callActivity" and element.called:
            found["process"].add(element.called)
        if form := element.attributes.get("formRef"):
            found["form"].add(form)
        if decision := element.attributes.get("decisionRef"):
            found["decision"].add(decision)
    return found


def _reach(uow: UnitOfWork, row: sa.Row[Any], members: Members) -> None:
    members["process"][row.key] = row.id
    for kind, keys in references(model(uow, row.sha256, row.resource_name).processes[row.key]).items():
        for key in sorted(keys - members[kind].keys()):
            found = latest(uow, kind, key)
            if found is None:
                raise NotFound(kind=kind, id=key)
            members[kind][key] = found.id
            if kind == "process":
                _reach(uow, found, members)


def _compile(uow: UnitOfWork, bundle_id: str) -> Bundle:
    row = uow.row(sa.select(bundle).where(bundle.c.id == bundle_id))
    if row is None:
        raise NotFound(kind="bundle", id=bundle_id)
    members: Members = canonical.loads(row.members)
    rows = {r.id: r for r in uow.rows(sa.select(definition).where(
        definition.c.id.in_([i for keys in members.values() for i in keys.values()])))}
    diagrams = {key: rows[i] for key, i in members["process"].items()}
    models = {key: model(uow, r.sha256, r.resource_name) for key, r in diagrams.items()}
    return Bundle(
        id=bundle_id, root=rows[row.root].key, members=members, versions={k: r.version for k, r in diagrams.items()},
        processes={key: models[key].processes[key] for key in diagrams},
        spec=spiff_compile.compile_processes({key: models[key].processes[key] for key in diagrams}),
        forms={key: canonical.loads(stored_bytes(uow, rows[i].sha256)) for key, i in members["form"].items()},
        decisions={key: stored_decision(uow, rows[i]) for key, i in members["decision"].items()},
    )


def stored_decision(uow: UnitOfWork, row: sa.Row[Any]) -> decisions.Decision:
    """The decision of a row of `definition`; its file may hold several."""
    parsed = decisions.parse(stored_bytes(uow, row.sha256), row.resource_name)
    return next(each for each in parsed if each.key == row.key)
