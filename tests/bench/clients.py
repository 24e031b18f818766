"""Closed-loop clients of `/engine-rest` in processes of their own: start, find the task, complete it; ours or any Camunda 7."""

import base64
import http.client
import json
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from engine.settings import ROOT
from tests.bench.company import PASSWORD, VARIABLES, bench_diagram
from tests.bench.measuring import Table
from tests.conftest import Databases, outside

USER = "api"
ROUNDS_OF_A_CASE = 9
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Result:
    """What clients did together: steps a second, refusals, and the median and 95th percentile of a call in ms."""

    steps: float
    bad: int
    calls: dict[str, tuple[float, float]]


def measure(table: Table, kind: str, databases: Databases, template: str, *, clients: list[int],
            seconds: float) -> dict[int, float]:
    """The rows of completing over HTTP on one kind of database; steps a second by number of clients."""
    url = databases.new(template)
    found: dict[int, float] = {}
    with served(url) as base:
        load(base, clients=2, seconds=min(3.0, seconds), user=USER)
        for number in clients:
            result = load(base, clients=number, seconds=seconds, user=USER)
            found[number] = result.steps
            told(table, f"complete over REST, {number} client{'s' if number > 1 else ''}", kind, result)
    databases.drop(url)
    return found


def told(table: Table, what: str, where: str, result: Result) -> None:
    """One row."""
    calls = ", ".join(f"{name} {p50:.1f}/{p95:.1f}" for name, (p50, p95) in result.calls.items())
    table.add(what, where, f"{result.steps:.1f} steps/s", f"p50/p95 ms: {calls}; {result.bad} refused")


def compare(table: Table, base: str, ours: dict[int, float], *, clients: list[int], seconds: float) -> None:
    """The same against another server of this API that runs already."""
    deploy(base, bench_diagram(with_juel=True), None)
    load(base, clients=4, seconds=20, user=None)
    for number in clients:
        result = load(base, clients=number, seconds=seconds, user=None)
        told(table, f"the other server over REST, {number} client{'s' if number > 1 else ''}", "other", result)
        ratio = ours[number] / result.steps
        table.add(f"ours on PostgreSQL / the other, {number} client{'s' if number > 1 else ''}", "", f"{ratio:.2f} ×",
                  f"aim ≥ 3: {'met' if ratio >= 3 else 'MISSED'}")


@contextmanager
def served(url: str) -> Iterator[str]:
    """`flask --app web serve` on a database, in a process of its own; the address of its API."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {name.upper(): value for name, value in outside(url).items()}
    environ = {**os.environ, **own, "PORT": str(port), "DATABASE_URL": url, "HOST": "127.0.0.1", "DEMO_PASSWORD": ""}
    command = [sys.executable, "-m", "flask", "--app", "web", "serve"]
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield f"http://127.0.0.1:{port}/engine-rest"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def load(base: str, *, clients: int, seconds: float, user: str | None) -> Result:
    """So many clients for so long."""
    replies: Any = SPAWN.Queue()
    gate = SPAWN.Barrier(clients)
    processes = [SPAWN.Process(target=_client, args=(base, user, seconds, gate, replies)) for _ in range(clients)]
    for process in processes:
        process.start()
    found = [replies.get(timeout=seconds + 120) for _ in processes]
    for process in processes:
        process.join()
    times: dict[str, list[float]] = {
        name: sorted(t for each in found for t in each[2][name]) for name in ("start", "query", "complete")}
    calls = {name: (statistics.median(each), each[int(len(each) * 0.95)]) for name, each in times.items() if each}
    return Result(sum(each[0] for each in found) / seconds, sum(each[1] for each in found), calls)


def deploy(base: str, diagram: bytes, user: str | None) -> None:
    """Deploy one diagram."""
    edge = uuid.uuid4().hex
    part = f'--{edge}\r\nContent-Disposition: form-data; name="data"; filename="bench.bpmn"\r\n\r\n'.encode()
    body = part + diagram + f"\r\n--{edge}--\r\n".encode()
    status, text = Caller(base, user).call("POST", "/deployment/create", body, f"multipart/form-data; boundary={edge}")
    if status != 200:
        raise RuntimeError(f"{status} {text[:500]!r}")


class Caller:
    """A connection that is kept."""

    def __init__(self, base: str, user: str | None) -> None:
        parts = urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.path = parts.path
        self.headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()} if user else {}

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, bytes]:
        headers = {**self.headers, "Content-Type": kind} if body is not None else self.headers
        self.connection.request(method, self.path + path, body, headers)
        response = self.connection.getresponse()
        return response.status, response.read()


def _client(base: str, user: str | None, seconds: float, gate: Any, replies: Any) -> None:
    caller, times, bad, steps = Caller(base, user), {"start": [], "query": [], "complete": []}, 0, 0  # type: ignore[var-annotated]

    def timed(name: str, method: str, path: str, body: object = None) -> Any:
        nonlocal bad
        data = None if body is None else json.dumps(body).encode()
        begin = time.perf_counter()
        status, text = caller.call(method, path, data)
        times[name].append((time.perf_counter() - begin) * 1000)
        bad += status not in (200, 204)
        return json.loads(text) if text else None

    gate.wait()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and bad < 20:
        case = timed("start", "POST", "/process-definition/key/bench/start", {"variables": _typed(VARIABLES)})["id"]
        for number in range(ROUNDS_OF_A_CASE):
            found = timed("query", "GET", f"/task?processInstanceId={case}")
            if not found or time.perf_counter() >= end:
                break
            variables = _typed({f"step{number}": "y" * 60, "solved": number >= ROUNDS_OF_A_CASE - 2})
            timed("complete", "POST", f"/task/{found[0]['id']}/complete", {"variables": variables})
            steps += 1
    replies.put((steps, bad, times))


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    kinds = {str: "String", bool: "Boolean"}
    return {name: {"value": value, "type": kinds[type(value)]} for name, value in values.items()}


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("the server did not start")
