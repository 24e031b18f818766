"""Variables by scope (design.md §1.8): a read walks up, a write goes where the name lives, else to the process scope.

A scope is the id of a token that can hold variables: the process (1), a running sub-process, a called process
(a barrier: reads and writes stop there), a multi-instance body and each of its children.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine import canonical
from engine.errors import LimitExceeded

ROOT = 1
Key = tuple[int, str]


@dataclass(slots=True)
class Stored:
    """A variable's canonical JSON (None: not loaded yet), its SHA-256 and its length in characters."""

    text: str | None
    digest: str
    length: int


class ScopedVariables:
    """The variables of one case during one step; `changed` and `removed` are what has to be written.

    `fetch(keys) -> {key: text}` loads long values that a step asks for; `limit` is in characters of canonical JSON.
    """

    def __init__(self, rows: Mapping[Key, Stored] | None = None, *, limit: int = 1_000_000,
                 fetch: Callable[[Collection[Key]], Mapping[Key, str]] | None = None) -> None:
        self._rows: dict[Key, Stored] = dict(rows or {})
        self._names: dict[int, set[str]] = {}
        for scope, name in self._rows:
            self._names.setdefault(scope, set()).add(name)
        self._fetch = fetch
        self._limit = limit
        self._size = sum(row.length for row in self._rows.values())
        self._outer: dict[int, int] = {}
        self._barriers = {ROOT}
        self._touched: set[Key] = set()
        self._stored = frozenset(self._rows)

    def fresh(self, limit: int) -> "ScopedVariables":
        """The same variables at the beginning of another step: nothing touched, no scope known but the process."""
        return ScopedVariables(self._rows, limit=limit)

    def open(self, scope: int, outer: int, *, is_barrier: bool) -> None:
        """Make `scope` known as standing in `outer`; a barrier is a called process."""
        self._outer.setdefault(scope, outer)
        if is_barrier:
            self._barriers.add(scope)

    def outer(self, scope: int) -> int:
        """The scope around `scope`."""
        return self._outer.get(scope, ROOT)

    def read(self, scope: int, names: Collection[str]) -> dict[str, Any]:
        """The values of those `names` that are visible from `scope`."""
        found = {name: key for name in names if (key := self._find(scope, name))}
        self._load(found.values())
        return {name: canonical.loads(self._text(key)) for name, key in found.items()}

    def visible(self, scope: int) -> dict[str, Any]:
        """Everything visible from `scope`."""
        return self.read(scope, {name for each in self._chain(scope) for name in self._names.get(each, ())})

    def local(self, scope: int) -> dict[str, Any]:
        """What lives in `scope` itself."""
        keys = [(scope, name) for name in self._names.get(scope, ())]
        self._load(keys)
        return {name: canonical.loads(self._text((at, name))) for at, name in keys}

    def has_local(self, scope: int) -> bool:
        """Whether anything lives in `scope` itself."""
        return bool(self._names.get(scope))

    def write(self, scope: int, name: str, value: Any) -> None:
        """Set `name` where it lives, else in the process scope that `scope` belongs to."""
        key = self._find(scope, name)
        self.put(key[0] if key else self._barrier(scope), name, value)

    def put(self, scope: int, name: str, value: Any) -> None:
        """Set `name` in `scope` itself. `LimitExceeded` when all variables together grow too large."""
        text = canonical.dumps(value)
        old = self._rows.get((scope, name))
        row = Stored(text, canonical.digest(text), len(text))
        if old is not None and old.digest == row.digest:
            return
        size = self._size + row.length - (old.length if old else 0)
        if size > self._limit:
            raise LimitExceeded(limit="variables", characters=self._limit, name=name)
        self._size = size
        self._rows[scope, name] = row
        self._names.setdefault(scope, set()).add(name)
        self._touched.add((scope, name))

    def drop(self, scope: int) -> None:
        """Forget all that lives in `scope`."""
        for name in self._names.pop(scope, ()):
            self._size -= self._rows.pop((scope, name)).length
            self._touched.add((scope, name))

    def keep_only(self, scopes: Collection[int]) -> None:
        """Drop the scopes that are no longer alive (cancelled ones are not announced)."""
        for scope in [s for s in self._names if s not in scopes]:
            self.drop(scope)

    @property
    def changed(self) -> dict[Key, Stored]:
        """What was set to another value, by scope and name."""
        return {key: self._rows[key] for key in sorted(self._touched) if key in self._rows}

    @property
    def removed(self) -> list[Key]:
        """What was dropped."""
        return sorted(key for key in self._touched if key not in self._rows)

    @property
    def replaced(self) -> list[Key]:
        """What has a stored row that must go: it was dropped or set to another value."""
        return sorted(self._touched & self._stored)

    def digests(self) -> list[list[Any]]:
        """`[[scope, name, SHA-256], …]` in order: what the state's digest covers."""
        return [[scope, name, row.digest] for (scope, name), row in sorted(self._rows.items())]

    def _chain(self, scope: int) -> Iterator[int]:
        while True:
            yield scope
            if scope in self._barriers:
                return
            scope = self.outer(scope)

    def _barrier(self, scope: int) -> int:
        return list(self._chain(scope))[-1]

    def _find(self, scope: int, name: str) -> Key | None:
        return next(((each, name) for each in self._chain(scope) if name in self._names.get(each, ())), None)

    def _load(self, keys: Iterable[Key]) -> None:
        missing = [key for key in keys if self._rows[key].text is None]
        if missing and self._fetch:
            for key, text in self._fetch(missing).items():
                self._rows[key].text = text

    def _text(self, key: Key) -> str:
        text = self._rows[key].text
        if text is None:
            raise KeyError(key)
        return text
