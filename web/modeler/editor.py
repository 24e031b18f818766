"""The editors' page: one draft, its files as tabs, and the lists that fields are chosen from."""

from collections.abc import Iterable

from engine import deployments
from engine.diagram.codes import CODES
from engine.diagram.model import Diagram
from engine.modeling import drafts
from web.access import needs, unit_of_work
from web.modeler.room import must_model, pages, show

CHOSEN = ("clause", "record")  # properties whose values are taken from what the procedures in effect and the draft say
LINTED = ("no_name", "no_name_en", "no_clause", "no_record", "no_instruction", "nobody", "group_unknown", "topic_missing",
          "decision_missing", "called_missing", "timer_missing", "calendar_unknown")
"""What the editor checks by itself while somebody draws (editing/lint.ts), with the words of the deploy gate."""


@pages.get("/drafts/<draft_id>/edit")
@needs("signed_in")
def edit(draft_id: str) -> str:
    """The editors of a draft; `file` and `element` of the address say what to show first."""
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        row = drafts.get(uow, draft_id)
        diagrams = [each for each in deployments.known(uow).processes.values() if each]
        return show(uow, "editor", "drafts", draft=row, used={name: _used(diagrams, name) for name in CHOSEN},
                    codes={code: [CODES[code].severity, CODES[code].zh, CODES[code].en] for code in LINTED})


def _used(diagrams: Iterable[Diagram], name: str) -> list[list[str]]:
    """Every value of the property in `diagrams` with its English words (the value itself where it has none), in order."""
    found: dict[str, str] = {}
    for diagram in diagrams:
        for process in diagram.processes.values():
            for element in process.elements.values():
                if value := element.properties.get(name):
                    found.setdefault(value, element.properties.get(f"{name}_en", value))
    return [[value, found[value]] for value in sorted(found)]
