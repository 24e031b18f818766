"""A case of the demonstration company as its people see it: who does what, and what is offered next."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import execution, identity, instances, jobs, tasks
from engine.bundles import load as load_bundle
from engine.canonical import loads
from engine.tables import incident, job, mail, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine


@dataclass(frozen=True)
class Case:
    """One case; every method runs due jobs afterwards, as the worker would, and no incident is left unnoticed."""

    engine: ProcessEngine
    id: str

    @property
    def offered(self) -> list[str]:
        """The elements of the open tasks, by name."""
        with self.engine.reading(SYSTEM) as uow:
            return [r.element for r in uow.rows(sa.select(task.c.element).where(
                task.c.instance_id == self.id, task.c.state == "open").order_by(task.c.element))]

    @property
    def ended_at(self) -> str | None:
        """The end event, once the case is over."""
        with self.engine.reading(SYSTEM) as uow:
            return uow.scalar(sa.select(process_instance.c.end_element).where(
                process_instance.c.id == self.id, process_instance.c.ended_at.is_not(None)))

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables of the process scope."""
        with self.engine.reading(SYSTEM) as uow:
            row = uow.lock_instance(self.id)
            return execution.load_variables(uow, self.id, load_bundle(uow, row.bundle_id), loads(row.tokens)).visible(1)

    def task(self, element: str, office: str | None = None) -> sa.Row[Any]:
        """The open task of `element`."""
        with self.engine.reading(SYSTEM) as uow:
            query = sa.select(task).where(task.c.instance_id == self.id, task.c.element == element, task.c.state == "open")
            return uow.connection.execute(query.where(task.c.office == office) if office else query).one()

    def do(self, user: str, element: str, office: str | None = None, **values: Any) -> "Case":
        """Complete the open task `element` as `user` through its form, then run what is due."""
        row = self.task(element, office)
        with self.engine.reading(SYSTEM) as uow:
            actor = identity.actor(uow, user)
        with self.engine.transaction(actor) as uow:
            tasks.complete(uow, row.id, values=values)
        return self.run()

    def send(self, message: str) -> "Case":
        """Deliver a message to this case."""
        with self.engine.transaction(SYSTEM) as uow:
            instances.correlate(uow, message, instance_id=self.id)
        return self.run()

    def run(self) -> "Case":
        """Run every due job, also what follows a job that a server's worker has in hand; an incident fails the test."""
        until = time.monotonic() + 10
        while jobs.run_all(self.engine) or (self._is_worked_on() and time.monotonic() < until):
            time.sleep(0.005)  # by the machine's clock: the worker is another thread
        with self.engine.reading(SYSTEM) as uow:
            found = uow.rows(sa.select(incident.c.element, incident.c.message).where(incident.c.resolved_at.is_(None)))
        assert not found, found
        return self

    def _is_worked_on(self) -> bool:
        now = self.engine.clock()
        with self.engine.reading(SYSTEM) as uow:
            return bool(uow.rows(sa.select(job.c.id).where(
                job.c.instance_id == self.id, job.c.state == "open", job.c.due_at <= now, job.c.lease_until > now)))

    def told(self) -> list[tuple[str, str]]:
        """The mails of this case: recipient without its domain, and subject, in the order they were written."""
        with self.engine.reading(SYSTEM) as uow:
            rows = uow.rows(sa.select(mail).where(mail.c.instance_id == self.id).order_by(mail.c.created_at, mail.c.id))
        return [(row.recipient.split("@")[0], row.subject) for row in rows]

    def letters(self) -> list[str]:
        """The texts of this case's mails."""
        with self.engine.reading(SYSTEM) as uow:
            return [row.body for row in uow.rows(sa.select(mail.c.body).where(mail.c.instance_id == self.id).order_by(mail.c.id))]


def start(engine: ProcessEngine, user: str, process: str, **values: Any) -> Case:
    """Start a case as `user` through its start form."""
    with engine.reading(SYSTEM) as uow:
        actor = identity.actor(uow, user)
    with engine.transaction(actor) as uow:
        case_id = instances.start(uow, process, form_values=values)
    return Case(engine, case_id).run()


def cases_of(engine: ProcessEngine, process: str) -> list[Case]:
    """All cases of a process, oldest first."""
    with engine.reading(SYSTEM) as uow:
        rows = uow.rows(sa.select(process_instance.c.id).where(process_instance.c.process_key == process).order_by(
            process_instance.c.started_at, process_instance.c.id))
    return [Case(engine, row.id) for row in rows]


def row(engine: ProcessEngine, table: sa.Table, case_id: str) -> sa.Row[Any]:
    """The company's record of a case."""
    with engine.reading(SYSTEM) as uow:
        return uow.connection.execute(sa.select(table).where(table.c.case_id == case_id)).one()
