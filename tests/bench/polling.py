"""How much two hundred open inboxes, each asking every five seconds whether anything changed, take from those who complete."""

import heapq
import random
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus

from engine import identity
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.bench import clients
from tests.bench.company import OFFICES, opened
from tests.bench.measuring import Table
from tests.bench.visitors import Visitor, open_sessions, percentiles
from tests.conftest import Databases

EVERY = 5.0
"""Seconds between two questions of an open inbox; twice as long after one that told of a change (web/inbox/live.ts)."""
INBOXES = 200
ASKED = "/inbox/changes?view=groups"
THREADS = 4
LEAST = 0.9


@dataclass
class Crowd:
    """The open inboxes of one process: the stamp that each page has, how long its questions took in ms, what they were told."""

    stamps: dict[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    told: Counter[int] = field(default_factory=Counter)


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str, *, seconds: float) -> None:
    """The rows of polling on one kind of database: rounds with and without it alternate."""
    url = databases.new(template)
    with opened(url) as engine:
        sessions = _sessions(engine)
    alone, together, crowd = [], [], Crowd()
    with clients.served(url) as base:
        _open(base, sessions, crowd)
        clients.load(base, clients=2, seconds=min(3.0, seconds), user=clients.USER)
        for _ in range(rounds):
            alone.append(_rate(base, seconds))
            together.append(_beside(base, sessions, seconds, crowd))
    databases.drop(url)
    share = statistics.median(together) / statistics.median(alone)
    label = f"{INBOXES} inboxes polling every {EVERY:g} s"
    table.add(f"{label}: completions kept", kind, f"{share:.1%}", f"aim ≥ {LEAST:.0%}: {'met' if share >= LEAST else 'MISSED'}; "
              f"{statistics.median(alone):.1f} → {statistics.median(together):.1f} steps/s")
    p50, p95 = percentiles(crowd.times)
    told = ", ".join(f"{number} × {status}" for status, number in sorted(crowd.told.items()))
    table.add(f"{label}: a question", kind, f"{p50:.1f}/{p95:.1f} ms", f"p50/p95; {told}")


def _sessions(engine: ProcessEngine) -> list[str]:
    """Engineers of all offices with an open inbox each: a fifth of them are where the cases are."""
    users = [f"engineer{number}" for number in range(INBOXES)]
    with engine.transaction(SYSTEM) as uow:
        for number, user in enumerate(users):
            held = [("service_engineer", OFFICES[number % len(OFFICES)])]
            identity.create_user(uow, user, name=user, hashed="", memberships=held)
    return open_sessions(engine, users)


def _open(base: str, sessions: list[str], crowd: Crowd) -> None:
    """Each inbox has the stamp of its list, as a page that was read has."""
    visitor = Visitor(base)
    for session in sessions:
        _, crowd.stamps[session] = visitor.read(session, ASKED)


def _rate(base: str, seconds: float) -> float:
    return clients.load(base, clients=4, seconds=seconds, user=clients.USER).steps


def _beside(base: str, sessions: list[str], seconds: float, crowd: Crowd) -> float:
    """The rate while the inboxes ask."""
    is_over = threading.Event()
    threads = [threading.Thread(target=_ask, args=(base, sessions[number::THREADS], is_over, crowd)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    found = _rate(base, seconds)
    is_over.set()
    for thread in threads:
        thread.join()
    return found


def _ask(base: str, sessions: list[str], is_over: threading.Event, crowd: Crowd) -> None:
    """Ask for each session at its own time, over one connection, with the stamp that the last answer had."""
    visitor, begin = Visitor(base), time.monotonic()
    due = [(begin + random.random() * EVERY, session) for session in sessions]
    heapq.heapify(due)
    while not is_over.is_set():
        at, session = due[0]
        if is_over.wait(max(0.0, at - time.monotonic())):
            return
        asked = time.perf_counter()
        status, crowd.stamps[session] = visitor.read(session, ASKED, crowd.stamps[session])
        crowd.times.append((time.perf_counter() - asked) * 1000)
        crowd.told[status] += 1
        pause = 2 * EVERY if status == HTTPStatus.OK else EVERY
        heapq.heapreplace(due, (max(at + pause, time.monotonic()), session))
