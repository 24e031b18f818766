"""One step of one case, before it is written: the tokens before and after, and where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from engine.bundles import Bundle
from engine.diagram.model import Element
from engine.evaluation import CaseEnvironment
from engine.spiff.steps import State
from engine.step import Applied, Place, places
from engine.unit_of_work import UnitOfWork
from engine.variables import ScopedVariables


@dataclass
class Change:
    """What a step did to a case; `copies` are the values people search by."""

    uow: UnitOfWork
    row: sa.Row[Any]
    bundle: Bundle
    before: State
    applied: Applied
    environment: CaseEnvironment
    copies: Mapping[str, str | None]

    @property
    def variables(self) -> ScopedVariables:
        """The case's variables after the step."""
        return self.environment.variables

    @cached_property
    def places(self) -> dict[int, Place]:
        """Where every token stands after the step."""
        return places(self.applied.state)

    @cached_property
    def kinds_before(self) -> dict[int, str]:
        """Token → kind, before the step."""
        return {row["id"]: row["is"] for row in self.before["tokens"]}

    @cached_property
    def kinds_after(self) -> dict[int, str]:
        """Token → kind, after the step."""
        return {row["id"]: row["is"] for row in self.applied.state["tokens"]}

    def new(self, kind: str) -> list[int]:
        """Tokens that wait as `kind` since this step."""
        return [token for token, now in self.kinds_after.items() if now == kind and self.kinds_before.get(token) != kind]

    def gone(self, kind: str) -> list[int]:
        """Tokens that waited as `kind` before this step and do not any more."""
        return [token for token, then in self.kinds_before.items() if then == kind and self.kinds_after.get(token) != kind]

    def element(self, token: int) -> Element:
        """The element where `token` stands after the step."""
        spot = self.places[token]
        return self.bundle.element(spot.process, spot.element)
