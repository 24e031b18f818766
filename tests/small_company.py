"""A company of two offices whose users have short names: deploys, starts, works and looks as the pages do."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from engine import deployments, destruction, identity, instances, jobs, organization, tasks
from engine.audit import recomputation, verification
from engine.diagram.check import File
from engine.tables import incident, process_instance, task
from engine.unit_of_work import SYSTEM, Operation, ProcessEngine

GROUPS = [{"id": "staff", "name": "员工", "name_en": "Staff", "by_office": False},
          {"id": "engineers", "name": "工程师", "name_en": "Engineers", "by_office": True},
          {"id": "leads", "name": "负责人", "name_en": "Leads", "by_office": True, "leads": True}]
USERS = {"ann": [("staff", "")], "bob": [("staff", "")], "eva": [("engineers", "north")], "eli": [("engineers", "south")],
         "lea": [("leads", "north")]}


class Small:
    """Deploys, starts, works and looks, each in a transaction of its own, as the pages do."""

    def __init__(self, engine: ProcessEngine, *, is_new: bool = True) -> None:
        self.engine = engine
        if is_new:
            self._seed(engine)

    @staticmethod
    def _seed(engine: ProcessEngine) -> None:
        chart = {
            "offices": [{"id": o, "name": o, "name_en": o, "region": ""} for o in ("head", "north", "south")], "groups": GROUPS,
            "users": [{"id": u, "name": u, "memberships": [{"group": g, "office": o} for g, o in held]}
                      for u, held in USERS.items()] + [
                          {"id": "root", "name": "root", "memberships": [], "is_admin": True},
                          {"id": "robot", "name": "robot", "memberships": [], "acts_everywhere": True}]}
        with engine.transaction(SYSTEM) as uow:
            organization.seed(uow, chart, "")

    def operation(self, topic: str, function: Callable[..., Mapping[str, Any] | None], kind: str = "record") -> None:
        """Give a topic its function."""
        self.engine.operations[topic] = Operation(topic, kind, function)  # type: ignore[arg-type]

    def deploy(self, *data: bytes | File) -> None:
        """Deploy diagrams (and other files)."""
        files = [d if isinstance(d, File) else File(f"case{i}.bpmn", d) for i, d in enumerate(data)]
        with self.engine.transaction(SYSTEM) as uow:
            deployments.deploy(uow, files, name="test")

    def start(self, user: str = "ann", key: str = "case", **arguments: Any) -> str:
        """Start a case."""
        return self.do(user, instances.start, key, **arguments)

    def do(self, user: str, verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a verb as a user, in one transaction."""
        with self.engine.reading(SYSTEM) as uow:
            who = SYSTEM if user == "system" else identity.actor(uow, user)
        with self.engine.transaction(who) as uow:
            return verb(uow, *arguments, **named)

    def complete(self, element: str, user: str = "ann", **variables: Any) -> None:
        """Complete the oldest open task at an element."""
        self.do(user, tasks.complete, self.task(element).id, variables=variables)

    def run(self) -> int:
        """Run every due job."""
        return jobs.run_all(self.engine)

    def rows(self, query: Any) -> list[Any]:
        """Look."""
        with self.engine.reading(SYSTEM) as uow:
            return uow.rows(query)

    def open(self) -> list[str]:
        """The elements of the open tasks, in order of age."""
        query = sa.select(task).where(task.c.state == "open").order_by(task.c.instance_id, task.c.token)
        return [row.element for row in self.rows(query)]

    def task(self, element: str) -> Any:
        """The oldest open task at an element."""
        return self.rows(sa.select(task).where(task.c.element == element, task.c.state == "open").order_by(task.c.token))[0]

    def case(self, instance_id: str) -> Any:
        """A case's row."""
        return self.rows(sa.select(process_instance).where(process_instance.c.id == instance_id))[0]

    def incidents(self) -> list[Any]:
        """The open incidents."""
        return self.rows(sa.select(incident).where(incident.c.resolved_at.is_(None)))

    def must_be_proven(self) -> None:
        """Every chain verifies, and every event recomputes to the digest that was recorded, unless its case was erased."""
        with self.engine.reading(SYSTEM) as uow:
            assert list(verification.verify(uow)) == []
            for row in uow.rows(sa.select(process_instance.c.id)):
                if destruction.of_case(uow, row.id):
                    continue
                moments = list(recomputation.recompute(uow, row.id))
                assert moments, row.id
                assert [m for m in moments if not m.is_same] == []
