"""Users from a CSV file: every row gets a verdict first, and nothing is written until that very outcome is confirmed."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa

from engine import canonical, history, identity, organization
from engine.errors import Conflict, EngineError, InvalidValue
from engine.organization import Profile
from engine.tables import user_account
from engine.unit_of_work import UnitOfWork

COLUMNS = ("user", "name", "name_en", "email", "language", "memberships")
NEEDED = ("user", "name")
MOST = 500
"""So many rows a file: each new user's password takes 0.1 s to hash."""
What = Literal["new", "changed", "unchanged", "error"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the row at `line`: of `error` the refusal names the field; `before` is the user as it is now."""

    line: int
    user: str
    what: What
    wanted: Profile | None
    before: Profile | None
    error: EngineError | None


@dataclass(frozen=True, slots=True)
class Preview:
    """All verdicts, and a digest of file and outcome: who confirms must have seen the same."""

    verdicts: Sequence[Verdict]
    digest: str

    @property
    def new(self) -> list[str]:
        """The users that will be added, in the order of the file."""
        return [verdict.user for verdict in self.verdicts if verdict.what == "new"]

    def count(self, what: What) -> int:
        """How many rows have this verdict."""
        return sum(verdict.what == what for verdict in self.verdicts)


def decode(data: bytes) -> str:
    """The text of a CSV file in UTF-8, with or without a mark, or in GB 18030, as Chinese Excel writes it."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InvalidValue("csv_encoding", field="file", value="")


def preview(uow: UnitOfWork, text: str) -> Preview:
    """What the file would do, row by row. Raises `InvalidValue` where it is no table with our columns."""
    seen: dict[str, int] = {}
    found = [_verdict(uow, line, cells, seen) for line, cells in _rows(text)]
    outcome = [[v.line, v.user, v.what, v.wanted.as_json() if v.wanted else None, v.before.as_json() if v.before else None]
               for v in found]
    return Preview(found, canonical.digest(canonical.dumps([text, outcome])))


def confirm(uow: UnitOfWork, text: str, digest: str, hashes: Mapping[str, str]) -> Preview:
    """Write all of it, in this transaction; `hashes` has a password hash for each new user.

    `Conflict` if the file or the users are no longer what the preview showed, or a row is wrong.
    """
    organization.begin(uow)
    found = preview(uow, text)
    if found.digest != digest or set(found.new) != set(hashes):
        raise Conflict("import_changed")
    if found.count("error"):
        raise Conflict("import_has_errors", n=found.count("error"))
    for verdict in found.verdicts:
        if verdict.wanted is not None and verdict.what == "new":
            organization.create_user(uow, verdict.user, verdict.wanted, hashed=hashes[verdict.user])
        elif verdict.wanted is not None and verdict.what == "changed":
            organization.change_user(uow, verdict.user, verdict.wanted, revision=None)
    history.record_change(uow, "import_users", subject="users", before=None, after={
        "file": canonical.digest(text), "new": found.count("new"), "changed": found.count("changed")})
    return found


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    """`(line, cells)` of every row that is not empty."""
    lines = text.splitlines()
    delimiter = max(",;\t", key=(lines[0] if lines else "").count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, dict[str, str]]] = []
    try:
        names = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(names)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((reader.line_num, _cells(names, cells, reader.line_num)))
    except csv.Error as problem:
        raise InvalidValue("csv", field="file", value=f"{reader.line_num}: {problem}") from problem
    if not found or len(found) > MOST:
        raise InvalidValue("csv_rows", field="file", value=len(found), limit=MOST)
    return found


def _check_header(names: Sequence[str]) -> None:
    wrong = [name for name in names if name not in COLUMNS] + [name for name in NEEDED if name not in names]
    if wrong or len(set(names)) != len(names):
        raise InvalidValue("csv_columns", field="file", value=", ".join(wrong or names), columns=", ".join(COLUMNS))


def _cells(names: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    if len(cells) > len(names):
        raise InvalidValue("csv", field="file", value=f"{line}: {', '.join(cells)[:80]}")
    return dict(zip(names, (cell.strip() for cell in cells), strict=False))


def _verdict(uow: UnitOfWork, line: int, cells: Mapping[str, str], seen: dict[str, int]) -> Verdict:
    user = cells.get("user", "")
    row = uow.row(sa.select(user_account).where(user_account.c.id == user))
    before = organization.profile(uow, row) if row is not None else None
    try:
        _check_user(user, line, seen, row)
        wanted = organization.checked(uow, _wanted(cells, before))
    except EngineError as error:
        return Verdict(line, user, "error", None, before, error)
    what: What = "new" if before is None else "unchanged" if before == wanted else "changed"
    return Verdict(line, user, what, wanted, before, None)


def _check_user(user: str, line: int, seen: dict[str, int], row: sa.Row[Any] | None) -> None:
    if not identity.USER_ID.fullmatch(user):
        raise InvalidValue("user_name", field="user", value=user)
    first = seen.setdefault(user, line)
    if first != line:
        raise InvalidValue("csv_twice", field="user", value=user, line=first)
    if row is not None and not row.is_active:
        raise InvalidValue("user_closed", field="user", value=user)


def _wanted(cells: Mapping[str, str], before: Profile | None) -> Profile:
    """The profile a row asks for: a column that the file lacks stays as it is; rights are never given by a file."""
    start = before or Profile(name="")
    take: dict[str, Callable[[str], Any]] = {"name": str, "name_en": str, "email": str, "language": lambda text: text or "zh",
                                             "memberships": _memberships}
    return replace(start, **{name: read(cells[name]) for name, read in take.items() if name in cells})


def _memberships(text: str) -> frozenset[tuple[str, str]]:
    """`group@office` or `group`, apart by semicolons, commas or blanks."""
    words = text.replace(";", " ").replace("；", " ").replace(",", " ").replace("，", " ").split()
    return frozenset((group, place) for group, _, place in (word.partition("@") for word in words))


def differences(verdict: Verdict) -> list[tuple[str, Any, Any]]:
    """`(field, before, after)` of a changed row."""
    if verdict.before is None or verdict.wanted is None:
        return []
    old, new = asdict(verdict.before) | verdict.before.as_json(), asdict(verdict.wanted) | verdict.wanted.as_json()
    return [(name, old[name], new[name]) for name in old if old[name] != new[name]]
