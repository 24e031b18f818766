"""The programs themselves: `serve` and `worker` as processes, on a database that does not exist yet."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.settings import ROOT
from tests.conftest import outside

LONG = 60.0


@contextmanager
def program(command: str, **environment: object) -> Iterator[subprocess.Popen[str]]:
    """A `flask` command as a process of its own, ended with SIGTERM at the latest."""
    arguments = [sys.executable, "-m", "flask", "--app", "web", command]
    own = {name.upper(): value for name, value in outside(str(environment["DATABASE_URL"])).items()}
    told = {**os.environ, **own, **{name: str(value) for name, value in environment.items()}}
    process = subprocess.Popen(arguments, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=LONG)


def said(process: subprocess.Popen[str], words: str) -> str:
    """Read what the program prints until a line has `words`."""
    assert process.stdout is not None
    read = []
    for line in process.stdout:
        read.append(line)
        if words in line:
            return line
    raise AssertionError("".join(read))


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new' / 'fuwuflow.db'}"


def test_serve_makes_the_company_and_answers_where_it_says(port: int, database: str):
    with program("serve", DATABASE_URL=database, PORT=port, DEMO_PASSWORD="") as server:
        line = said(server, "http://")
        address = line.split()[-1]
        assert address == f"http://127.0.0.1:{port}/"
        assert said(server, "engineer.changsha")
        with urllib.request.urlopen(f"{address}healthz", timeout=LONG) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(LONG) == 0


def test_an_address_that_others_reach_needs_a_password(port: int, database: str):
    with program("serve", DATABASE_URL=database, PORT=port, HOST="0.0.0.0", DEMO_PASSWORD="") as server:
        assert said(server, "DEMO_PASSWORD").startswith("Error: ")
        assert server.wait(LONG) == 1


def test_a_password_opens_the_server_and_replaces_the_published_one(port: int, database: str):
    with program("serve", DATABASE_URL=database, PORT=port, DEMO_PASSWORD="") as server:
        said(server, "engineer.changsha")
    with program("serve", DATABASE_URL=database, PORT=port, DEMO_PASSWORD="of our own") as server:
        assert "of our own" not in said(server, "password")
        said(server, "engineer.changsha")
    with program("serve", DATABASE_URL=database, PORT=port, DEMO_PASSWORD="") as server:
        said(server, "http://")
        assert server.stdout is not None
        assert "engineer.changsha" not in server.stdout.readline() + server.stdout.readline()


def test_a_taken_port_is_a_sentence(port: int, database: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with program("serve", DATABASE_URL=database, PORT=port, DEMO_PASSWORD="") as server:
            assert str(port) in said(server, "Error: ")
            assert server.wait(LONG) == 1


def test_the_worker_ends_when_told(database: str):
    with program("worker", DATABASE_URL=database) as worker:
        said(worker, "The worker runs")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(LONG) == 0
