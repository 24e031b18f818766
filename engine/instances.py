"""Cases: start, correlate a message, suspend, resume, terminate, retry an incident."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, execution, forms, history, identity, ids
from engine.bundles import Bundle
from engine.diagram.model import Element, Process
from engine.errors import Conflict, Forbidden, InvalidForm, InvalidValue, MismatchingMessage, NotFound
from engine.execution import Command
from engine.spiff import place
from engine.spiff.steps import Cancel, Start, Trigger
from engine.spiff.steps import empty as no_tokens
from engine.tables import business_key_sequence, definition, office, process_instance, subscription
from engine.unit_of_work import Option, UnitOfWork

Values = Mapping[str, Any]
_VERSION = sa.select(definition).where(
    definition.c.kind == "process", definition.c.key == sa.bindparam("named"), definition.c.version == sa.bindparam("of"))
_OFFICE = sa.select(office.c.id).where(office.c.id == sa.bindparam("office"), office.c.is_active)
_ADD_INSTANCE = sa.insert(process_instance)
_NEXT_NUMBER = sa.update(business_key_sequence).where(business_key_sequence.c.process_key == sa.bindparam("process")).values(
    last=business_key_sequence.c.last + 1).returning(business_key_sequence.c.last)


def start(uow: UnitOfWork, process_key: str, *, variables: Values | None = None, form_values: Values | None = None,
          business_key: str | None = None, office: str | None = None, event: str | None = None,
          came_from: str | None = None, version: int | None = None, checks_rights: bool = True) -> str:
    """Start a case and run it to where it waits; returns its id.

    `form_values` go through the start form, `variables` are typed already (REST, jobs). `office` defaults to the
    starter's only one. Raises `NotFound`, `Forbidden`, `InvalidForm`, `InvalidValue`.
    """
    row = _definition(uow, process_key, version)
    process = bundles.model(uow, row.sha256, row.resource_name).processes[process_key]
    if checks_rights and not identity.may_start(uow, process):
        raise Forbidden("may_not_start", process=process_key)
    bundle = bundles.load(uow, bundles.assemble(uow, row))
    begin = _start_event(process, event)
    values = dict(variables or {})
    if form_values is not None:
        values |= _parsed(uow, bundle, begin, form_values, office)
    values["office"] = _office(uow, values, office)
    values["starter"] = uow.actor.id
    instance = _insert(uow, row, bundle, business_key=business_key or _next_business_key(uow, process),
                       at=str(values["office"]), came_from=came_from)
    execution.advance(uow, instance, Command(
        "start", Start(process_key, begin.id), begin.id, values,
        inputs={"form": dict(form_values or {}), "business_key": instance.business_key, "came_from": came_from}))
    return str(instance.id)


def start_form(process: Process, bundle_forms: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The form of the process's plain start event, None if it has none."""
    begin = _start_event(process, None)
    return bundle_forms.get(begin.attributes.get("formRef", ""))


def correlate(uow: UnitOfWork, name: str, *, business_key: str | None = None, instance_id: str | None = None,
              correlation: Values | None = None, variables: Values | None = None) -> str:
    """Deliver a message to the one case that waits for it, else start the one process that begins with it.

    Raises `MismatchingMessage` when none or several wait. Returns the case's id.
    """
    found = _waiting(uow, name, business_key, instance_id, correlation or {})
    if len(found) > 1:
        raise MismatchingMessage(name=name, matches=len(found))
    if found:
        return _deliver(uow, found[0], name, variables or {})
    key = None if instance_id else _message_start(uow, name)
    if key is None:
        raise MismatchingMessage(name=name, matches=0)
    return start(uow, key[0], event=key[1], business_key=business_key, variables={**(correlation or {}), **(variables or {})},
                 checks_rights=False)


def suspend(uow: UnitOfWork, instance_id: str, *, reason: str) -> None:
    """Hold a case: nobody can work on it and no timer fires until it is resumed."""
    row = _administered(uow, instance_id, reason)
    if row.status == "suspended":
        raise Conflict("case_suspended", id=row.id, business_key=row.business_key)
    execution.advance(uow, row, Command("suspend", inputs={"reason": reason}, status="suspended"))


def resume(uow: UnitOfWork, instance_id: str, *, reason: str) -> None:
    """Let a suspended case go on; what fell due meanwhile fires now."""
    row = _administered(uow, instance_id, reason)
    if row.status != "suspended":
        raise Conflict("case_not_suspended", id=row.id, business_key=row.business_key)
    uow.makes_jobs = True
    execution.advance(uow, row, Command("resume", inputs={"reason": reason}, status="active"))


def terminate(uow: UnitOfWork, instance_id: str, *, reason: str) -> None:
    """End a case where it stands."""
    row = _administered(uow, instance_id, reason)
    execution.advance(uow, row, Command("terminate", Cancel(), inputs={"reason": reason}, status="terminated"))


def _administered(uow: UnitOfWork, instance_id: str, reason: str) -> sa.Row[Any]:
    if not reason.strip():
        raise InvalidValue("reason_missing", field="reason", value=reason)
    row = uow.lock_instance(instance_id)
    if not identity.may_intervene(uow, row):
        raise Forbidden("may_not_intervene", id=instance_id)
    return row


# ------------------------------------------------------------------ start
def _definition(uow: UnitOfWork, key: str, version: int | None) -> sa.Row[Any]:
    row = uow.row(_VERSION, named=key, of=version) if version else bundles.latest(uow, "process", key)
    if row is None:
        raise NotFound(kind="process", id=key)
    if row.withdrawn_at is not None:
        raise Conflict("definition_withdrawn", process=key, version=row.version, who=row.withdrawn_by, at=row.withdrawn_at)
    return row


def _start_event(process: Process, event: str | None) -> Element:
    starts = process.starts()
    found = [e for e in starts if (e.id == event if event else e.event is None or e.event.kind == "none")]
    if not found:
        raise InvalidValue("start_event", field="event", value=event, process=process.id)
    return found[0]


def _parsed(uow: UnitOfWork, bundle: Bundle, begin: Element, values: Values, office: str | None) -> Values:
    schema = bundle.forms.get(begin.attributes.get("formRef", ""))
    if schema is None:
        if values:
            raise InvalidForm(errors={name: [("unknown_field", {})] for name in values})
        return {}
    return forms.parse(schema, values, {}, uow.now, lists_of(uow, office or _office(uow, {}, None)))


def lists_of(uow: UnitOfWork, at: str) -> Any:
    """The server's lists as seen from an office: `name -> options`."""

    def options(name: str) -> list[Option]:
        provider = uow.engine.lists.get(name)
        if provider is None:
            raise NotFound(kind="list", id=name)
        return provider(uow, at)

    return options


def _office(uow: UnitOfWork, values: Values, given: str | None) -> str:
    chosen = given or values.get("office")
    if chosen:
        if uow.row(_OFFICE, office=chosen) is None:
            raise InvalidValue("office", field="office", value=chosen)
        return str(chosen)
    offices = sorted(uow.actor.offices)
    return offices[0] if len(offices) == 1 else uow.engine.settings.head_office


def _insert(uow: UnitOfWork, row: sa.Row[Any], bundle: Bundle, *, business_key: str, at: str,
            came_from: str | None) -> sa.Row[Any]:
    instance_id = ids.new(uow.now)
    uow.execute(_ADD_INSTANCE, [{
        "id": instance_id, "definition_id": row.id, "process_key": row.key, "process_version": row.version,
        "bundle_id": bundle.id, "business_key": business_key, "status": "active", "office": at, "started_by": uow.actor.id,
        "started_at": uow.now, "came_from": came_from, "version": 0, "tokens": canonical.dumps(no_tokens()), "head_seq": 0,
        "head_hash": history.GENESIS}])
    return uow.lock_instance(instance_id)


def _next_business_key(uow: UnitOfWork, process: Process) -> str:
    """The next case number: the process's property `case_number_prefix` (default: its key) and six digits."""
    number = uow.scalar(_NEXT_NUMBER, process=process.id)
    if number is None:
        uow.add_once(business_key_sequence, process_key=process.id, last=0)
        number = uow.scalar(_NEXT_NUMBER, process=process.id)
    return f"{process.properties.get('case_number_prefix', process.id)}-{number:06d}"


# ------------------------------------------------------------------ messages
def _waiting(uow: UnitOfWork, name: str, business_key: str | None, instance_id: str | None,
             correlation: Values) -> list[sa.Row[Any]]:
    query = sa.select(subscription).where(subscription.c.name == name)
    if business_key:
        query = query.where(subscription.c.business_key == business_key)
    if instance_id:
        query = query.where(subscription.c.instance_id == instance_id)
    return [row for row in uow.rows(query) if _matches(uow, row, correlation)]


def _matches(uow: UnitOfWork, row: sa.Row[Any], correlation: Values) -> bool:
    """Keys that the event declares must be equal; other keys must equal variables of the case (Camunda 7 REST)."""
    declared = canonical.loads(row.correlation)
    if any(key in correlation and correlation[key] != value for key, value in declared.items()):
        return False
    if declared and not any(key in correlation for key in declared) and correlation:
        return False
    others = {key: value for key, value in correlation.items() if key not in declared}
    return not others or _equal_variables(uow, row, others)


def _equal_variables(uow: UnitOfWork, row: sa.Row[Any], wanted: Values) -> bool:
    instance = uow.row(sa.select(process_instance).where(process_instance.c.id == row.instance_id))
    if instance is None:
        return False
    bundle = bundles.load(uow, instance.bundle_id)
    variables = execution.load_variables(uow, instance.id, bundle, canonical.loads(instance.tokens))
    known = variables.read(row.token, list(wanted)) | variables.read(1, list(wanted))
    return all(name in known and known[name] == value for name, value in wanted.items())


def _deliver(uow: UnitOfWork, found: sa.Row[Any], name: str, variables: Values) -> str:
    row = uow.lock_instance(found.instance_id)
    here = (subscription.c.instance_id == row.id, subscription.c.token == found.token, subscription.c.element == found.element)
    if uow.row(sa.select(subscription.c.token).where(*here)) is None:
        raise MismatchingMessage(name=name, matches=0)
    wait = next(each for each in place.subscriptions(bundles.load(uow, row.bundle_id).spec, canonical.loads(row.tokens))
                if (each.token, each.element) == (found.token, found.element))
    execution.advance(uow, row, Command(
        "message", Trigger(wait.token, wait.element, process=wait.process), wait.element, dict(variables), scope=wait.scope,
        inputs={"message": name}))
    return str(row.id)


def _message_start(uow: UnitOfWork, name: str) -> tuple[str, str] | None:
    newest: dict[str, sa.Row[Any]] = {r.key: r for r in uow.rows(
        sa.select(definition).where(definition.c.kind == "process", definition.c.withdrawn_at.is_(None)).order_by(
            definition.c.version))}
    for key, row in sorted(newest.items()):
        for event in bundles.model(uow, row.sha256, row.resource_name).processes[key].starts():
            if event.event is not None and event.event.kind == "message" and event.event.name == name:
                return key, event.id
    return None
