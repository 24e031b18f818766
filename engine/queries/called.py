"""Called processes: each is a scope inside its case, and a process instance of its own to whoever asks from outside."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from engine import canonical
from engine.spiff.steps import State
from engine.tables import process_instance
from engine.variables import ROOT

CALLS = '"calls":'


@dataclass(frozen=True, slots=True)
class Called:
    """A called process that runs: its token, its key, the call activity, and the token of the process that calls it."""

    token: int
    key: str
    element: str
    caller: int


def process_id(instance_id: str, token: int) -> str:
    """The id of the case itself (token 1) or of a process called in it."""
    return instance_id if token == ROOT else f"{instance_id}.{token}"


def split(found: str) -> tuple[str, int]:
    """`<instance>` or `<instance>.<token>` as case and token; token 0, which no token has, if it is neither."""
    instance_id, _, token = found.partition(".")
    return instance_id, ROOT if not token else int(token) if token.isdecimal() and len(token) < 10 else 0


def homes(tokens: str) -> dict[int, int]:
    """Token → the token of the process that it stands in. Empty if the case calls nothing: then all stand in the case."""
    return _homes(canonical.loads(tokens)) if CALLS in tokens else {}


def running(tokens: str) -> Iterator[Called]:
    """The called processes of a case, outer before inner."""
    if CALLS not in tokens:
        return
    state: State = canonical.loads(tokens)
    home = _homes(state)
    for row in state["tokens"]:
        if "calls" in row:
            yield Called(row["id"], row["calls"], row["at"], home[row["id"]])


def calls(key: str | None = None) -> sa.ColumnElement[bool]:
    """Whether a case calls a process now (this one): a condition on the stored tokens, which are canonical JSON."""
    text = CALLS if key is None else CALLS + canonical.dumps(key)
    return process_instance.c.tokens.contains(text, autoescape=True)


def _homes(state: State) -> dict[int, int]:
    is_process = {row["id"] for row in state["tokens"] if row["is"] == "process" or "calls" in row}
    found: dict[int, int] = {}
    for row in state["tokens"]:
        outer = row["in"]
        found[row["id"]] = ROOT if row["is"] == "process" else outer if outer in is_process else found[outer]
    return found
