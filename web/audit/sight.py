"""What the list of cases says of a case, in the reader's language: the cells of the screen and of the files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import identity
from engine.audit import finding, vocabulary
from engine.audit.event_log import Names
from engine.audit.finding import About, Criteria
from engine.audit.spreadsheet import Cell
from engine.audit.vocabulary import Vocabulary
from engine.unit_of_work import UnitOfWork
from web.audit import choices
from web.cases import telling
from web.layout import words

Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """The words that cases need."""

    known: Vocabulary
    offices: Mapping[str, str]
    statuses: Mapping[str, str]
    commands: Mapping[str, str]

    def procedure(self, row: Row) -> str:
        """The procedure's name."""
        found = self.known.processes.get(row.process_key)
        return words.in_words(found) if found else str(row.process_key)

    def office(self, row: Row) -> str:
        """The office's name."""
        return self.offices.get(row.office, row.office)

    def end(self, row: Row) -> str:
        """The end event by which a case was over; empty where it is not, or has no name."""
        found = self.known.elements.get((row.process_key, row.end_element or ""))
        return (found.words(words.language()) if found else row.end_element or "") if row.end_element else ""

    def outcome(self, row: Row) -> str:
        """The status, and where the case ended."""
        return " · ".join(filter(None, (str(self.statuses[row.status]), self.end(row))))

    def by_hand(self, about: About) -> str:
        """The interventions, with how often where it was more than once."""
        return ", ".join(f"{self.commands[each]} × {n}" if n > 1 else str(self.commands[each])
                         for each, n in sorted(about.interventions.items()))


def of(uow: UnitOfWork) -> Sight:
    """The words for cases."""
    return Sight(vocabulary.read(uow), {row.id: words.in_words(row) for row in identity.offices(uow)}, choices.statuses(),
                 telling.commands())


def titles() -> list[str]:
    """The columns of a file."""
    return [str(each) for each in (
        _("Case number"), _("Procedure"), _("Version"), _("Office"), _("Customer"), _("Serial number"), _("Started"), _("Ended"),
        _("Outcome"), _("Late tasks"), _("Interventions"))]


def table(uow: UnitOfWork, criteria: Criteria, names: Names) -> Iterator[Sequence[Cell]]:
    """All rows of a file, read as they are written."""
    see = of(uow)
    for rows in finding.batches(uow, criteria):
        about = finding.about(uow, rows)
        for row in rows:
            yield (row.business_key, see.procedure(row), row.process_version, see.office(row), names.customer(row.customer),
                   row.serial, row.started_at, row.ended_at, see.outcome(row), about[row.id].late, see.by_hand(about[row.id]))
