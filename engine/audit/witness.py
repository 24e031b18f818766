"""What leaves the database: each checkpoint as a line of a file that is only appended to, and once a day by mail.

A file that knows more than the database means that the database was rolled back: no further checkpoint is made until
somebody acknowledges the gap.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import canonical, history, job_rows
from engine.audit import checkpoints, signing
from engine.audit.checkpoints import Checkpoint
from engine.audit.signing import NoKey
from engine.errors import Conflict
from engine.tables import chore
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork

log = logging.getLogger("fuwuflow.checkpoints")
CHORE = "checkpoint"
TAIL = 200_000  # bytes at the end of the file in which its last lines are looked for before all of it is read
SUBJECT = "Fuwuflow 检查点 {seq} · checkpoint {seq}"
LETTER = ("请保留此邮件：它证明到 {at} 为止的记录。核对时把下面一行存为文件，交给独立校验程序（--checkpoints）。\n"
          "Keep this letter: it proves the record up to {at}. To check, save the line below as a file and hand it to the "
          "stand-alone verifier (--checkpoints).\n\n{line}\n")


@dataclass(frozen=True, slots=True)
class Known:
    """The last line of one log in the file."""

    log: str
    seq: int
    hash: str


def minutely(uow: UnitOfWork, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The chore: make a checkpoint if anything changed; `problem` in the state says what hinders it, told in the log once."""
    try:
        key = signing.load(uow.engine.settings.checkpoint_key)
        found = gaps(uow)
    except (NoKey, OSError) as problem:
        return _hindered(state, str(problem))
    if found:
        return _hindered(state, f"the file of checkpoints knows what the database lacks, was it restored? {found[0]}")
    checkpoints.make(uow, key)
    return {**_mailed(uow, state), "problem": None}


def deliver(engine: ProcessEngine) -> int:
    """Append the checkpoints that the file lacks, in order; says how many. A file that cannot be written is logged."""
    path = Path(engine.settings.checkpoint_file)
    try:
        with engine.reading(SYSTEM) as uow:
            missing = _missing(uow, path)
        if missing:
            _append(path, missing)
    except OSError as problem:
        log.error("checkpoints cannot be written to %s: %s", path, problem)
        return 0
    return len(missing)


def gaps(uow: UnitOfWork) -> list[Known]:
    """The last lines of the file that the database of the same log should have and has not."""
    last = checkpoints.newest(uow)
    if last is None:
        return []
    known = _last_lines(Path(uow.engine.settings.checkpoint_file), last.told["log"])
    return [each for each in known if each.log == last.told["log"] and _is_missing(uow, last, each)]


def acknowledge(uow: UnitOfWork, reason: str) -> Checkpoint:
    """Answer for what the file knows and the database lacks, and for what came late: an event and a checkpoint that name it."""
    if not reason.strip():
        raise Conflict("reason_missing")
    last = checkpoints.newest(uow)
    key = signing.load(uow.engine.settings.checkpoint_key)
    mine = last.told["log"] if last is not None else ""
    found = [{"log": each.log, "seq": each.seq, "hash": each.hash}
             for each in _last_lines(Path(uow.engine.settings.checkpoint_file), None)
             if last is None or each.log != mine or _is_missing(uow, last, each)]
    told = {"reason": reason.strip(), "gaps": found}
    history.record_change(uow, "acknowledge_gap", subject="checkpoints", reason=reason.strip(),
                          before={"seq": last.seq, "hash": last.hash} if last is not None else None, after=told)
    made = checkpoints.make(uow, key, acknowledged=told)
    if made is None:
        raise Conflict("clock_behind")
    return made


def hindrance(uow: UnitOfWork) -> str | None:
    """What hinders the chore from making checkpoints, or None."""
    state = uow.scalar(sa.select(chore.c.state).where(chore.c.name == CHORE))
    found: str | None = canonical.loads(state).get("problem") if state else None
    return found


def behind(uow: UnitOfWork) -> int:
    """How many checkpoints the file lacks; raises `OSError` where it cannot be read."""
    return len(_missing(uow, Path(uow.engine.settings.checkpoint_file)))


def _is_missing(uow: UnitOfWork, last: Checkpoint, known: Known) -> bool:
    if known.seq > last.seq:
        return True
    there = checkpoints.since(uow, known.seq - 1, 1)[0]
    answered = there.told.get("acknowledged", {}).get("gaps", [])
    return there.hash != known.hash and {"log": known.log, "seq": known.seq, "hash": known.hash} not in answered


def _missing(uow: UnitOfWork, path: Path) -> list[Checkpoint]:
    last = checkpoints.newest(uow)
    if last is None:
        return []
    known = {each.log: each.seq for each in _last_lines(path, last.told["log"])}
    return checkpoints.since(uow, known.get(last.told["log"], 0))


def _last_lines(path: Path, wanted: str | None) -> list[Known]:
    """The last line of each log in the file; only its end is read if the log `wanted` is there."""
    if not path.exists():
        return []
    size = path.stat().st_size
    if wanted is not None and size > TAIL:
        found = _known(path, size - TAIL)
        if wanted in found:
            return list(found.values())
    return list(_known(path, 0).values())


def _known(path: Path, start: int) -> dict[str, Known]:
    found = {}
    with path.open("rb") as stream:
        stream.seek(start)
        for told, digest in _lines(stream.readlines()[1 if start else 0:]):
            found[told["log"]] = Known(told["log"], told["seq"], digest)
    return found


def _lines(lines: Sequence[bytes]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """What whole lines state; a torn one (the machine went down) is passed over."""
    for line in lines:
        try:
            row = json.loads(line)
            yield json.loads(row["statement"]), row["hash"]
        except (ValueError, KeyError, TypeError):
            continue


def _append(path: Path, made: Sequence[Checkpoint]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    with os.fdopen(descriptor, "r+b", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        is_torn = size > 0 and os.pread(stream.fileno(), 1, size - 1) != b"\n"
        stream.write(b"\n" * is_torn + b"".join(f"{each.line}\n".encode() for each in made))
        os.fsync(stream.fileno())


def _mailed(uow: UnitOfWork, state: Mapping[str, Any]) -> dict[str, Any]:
    """Mail the newest checkpoint, once a day; the state says of which day."""
    today, address = uow.now.date().isoformat(), uow.engine.settings.checkpoint_mail
    last = checkpoints.newest(uow)
    if address and last is not None and state.get("mailed") != today:
        told = {"seq": last.seq, "at": history.iso(last.at), "line": last.line}
        job_rows.send_mail(uow, address, SUBJECT.format(**told), LETTER.format(**told))
        return {"mailed": today}
    return {"mailed": state.get("mailed")}


def _hindered(state: Mapping[str, Any], problem: str) -> Mapping[str, Any]:
    if state.get("problem") != problem:
        log.error("no checkpoint is made: %s", problem)
    return {**state, "problem": problem}
