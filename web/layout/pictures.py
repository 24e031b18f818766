"""What the diagram island paints: done path, tokens, incidents and the reader's place in one process of a case."""

from typing import Any

from engine import cases
from engine.cases import CaseProcess, TaskView
from engine.unit_of_work import UnitOfWork

Picture = dict[str, Any]


def of_process(part: CaseProcess, here: str | None = None) -> Picture:
    """The picture of one process."""
    return {"process": part.process.id, "done": sorted(part.done), "flows": sorted(part.flows), "tokens": dict(part.tokens),
            "incidents": sorted(part.incidents), "interventions": sorted(part.interventions), "here": here}


def of_task(uow: UnitOfWork, view: TaskView) -> Picture:
    """The picture of the process that a task stands in, with the reader at the task while it is open."""
    case = cases.case(uow, view.row.instance_id)
    part = next(one for one in case.processes if one.process.id == view.process.id)
    return of_process(part, view.element.id if view.row.state == "open" else None)
