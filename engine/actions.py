"""What people may do to a case beside its tasks: message events with the property `action`, offered as buttons.

"At any step: unsolvable, report to the centre at once" (5.1.18 n2) is an event sub-process of the diagram that begins with
a message; its start event carries the button's words (`action`, `action_en`) and the groups that have it (`action_by`).
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, execution, identity
from engine.errors import Conflict, Forbidden
from engine.execution import Command
from engine.spiff import place
from engine.spiff.steps import Subscription, Trigger
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Action:
    """One button: the listening token, the event, its words and what its instruction says."""

    token: int
    process: str
    element: str
    name: str
    name_en: str


def offered(uow: UnitOfWork, row: sa.Row[Any]) -> list[Action]:
    """The actions that the actor may take on the case `row` now, in the order of the diagram."""
    if row.status != "active":
        return []
    return [action for wait in _waits(uow, row) if (action := _action(uow, row, wait))]


def act(uow: UnitOfWork, instance_id: str, *, token: int, element: str) -> None:
    """Let the event happen. `Conflict` if the case no longer waits for it, `Forbidden` if it is not the actor's."""
    row = uow.lock_instance(instance_id)
    wait = next((each for each in _waits(uow, row) if (each.token, each.element) == (token, element)), None)
    if wait is None:
        raise Conflict("action_gone", id=instance_id, element=element)
    if _action(uow, row, wait) is None:
        raise Forbidden("may_not_act", id=instance_id, element=element)
    execution.advance(uow, row, Command("action", Trigger(wait.token, wait.element, process=wait.process), wait.element))


def _waits(uow: UnitOfWork, row: sa.Row[Any]) -> list[Subscription]:
    spec = bundles.load(uow, row.bundle_id).spec
    return [wait for wait in place.subscriptions(spec, canonical.loads(row.tokens)) if wait.definition.kind == "message"]


def _action(uow: UnitOfWork, row: sa.Row[Any], wait: Subscription) -> Action | None:
    event = bundles.load(uow, row.bundle_id).element(wait.process, wait.element)
    name = event.properties.get("action")
    if not name or not identity.may_act(uow, row, event.properties.get("action_by", "")):
        return None
    return Action(wait.token, wait.process, wait.element, name, event.properties.get("action_en") or name)
