"""`python -m tests.bench [--short] [--only PART …] [--database KIND …] [--other URL]`: run the bench and print its table."""

import argparse
import sys
from collections.abc import Callable, Sequence

from tests.bench import (
    clients,
    engine_alone,
    figures,
    film,
    finding,
    inbox,
    memory,
    migration,
    modeller,
    polling,
    proof,
    soundness,
    steps,
    tampering,
    timers,
    together,
    verification,
)
from tests.bench.company import databases, prepare
from tests.bench.measuring import Table, machine
from tests.conftest import Databases

PARTS = ("engine", "soundness", "steps", "together", "rest", "inbox", "polling", "timers", "migration", "memory", "proof",
         "modeller", "figures", "film", "finding", "tampering", "verification")
KINDS = ("sqlite", "postgresql")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts asked for, on the databases asked for."""
    asked = _parser().parse_args(arguments)
    rounds = 2 if asked.short else 5
    table = Table()
    for name, value in machine():
        print(f"{name:<12} {value}")
    print()
    if "engine" in asked.only:
        engine_alone.measure(table, rounds, (0, 50) if asked.short else (0, 50, 500, 5_000))
    if "soundness" in asked.only:
        soundness.measure(table, rounds)
    ours: dict[int, float] = {}
    with databases(asked.database) as makers:
        for kind, maker in makers.items():
            template = maker.new()
            prepare(template)
            for part, measure in _parts(asked, table, (kind, maker, template)).items():
                if part in asked.only:
                    ours = measure() or ours
    if asked.other:
        clients.compare(table, asked.other, ours, clients=asked.clients, seconds=asked.seconds)


def _parts(asked: argparse.Namespace, table: Table, where: tuple[str, Databases, str]
           ) -> dict[str, Callable[[], dict[int, float] | None]]:
    """What each part measures on one kind of database (its name, maker and template), in order."""
    short, rounds = asked.short, 2 if asked.short else 5
    tasks = asked.tasks or (20_000 if short else 1_000_000)
    return {
        "steps": lambda: steps.measure(table, rounds, *where),
        "together": lambda: together.measure(table, *where),
        "rest": lambda: clients.measure(table, *where, clients=asked.clients, seconds=asked.seconds),
        "inbox": lambda: inbox.measure(table, rounds, *where, open_tasks=tasks),
        "polling": lambda: polling.measure(table, rounds, *where, seconds=max(asked.seconds, 2 * polling.EVERY)),
        "timers": lambda: timers.measure(table, *where, timers=300 if short else 10_000),
        "migration": lambda: migration.measure(table, *where, cases=asked.cases or (300 if short else 10_000)),
        "memory": lambda: memory.measure(table, *where),
        "modeller": lambda: modeller.measure(table, rounds, *where),
        "figures": lambda: figures.measure(table, rounds, *where, activities=5_000 if short else 100_000),
        "finding": lambda: finding.measure(table, rounds, *where, cases=asked.cases or (2_000 if short else 100_000)),
        "film": lambda: film.measure(table, rounds, *where, events=200 if short else 10_000, finished=20 if short else 500),
        "proof": lambda: proof.measure(table, rounds, *where, events=200 if short else 10_000),
        "tampering": lambda: tampering.measure(table, *where[:2], places=5 if short else 200, clean=2 if short else 100),
        "verification": lambda: verification.measure(table, *where[:2], events=20_000 if short else 1_000_000),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small numbers: does it work, not how fast is it")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--database", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=8, help="how long each number of clients works")
    parser.add_argument("--tasks", type=int, help="open tasks of the inbox")
    parser.add_argument("--cases", type=int, help="open cases of the migration")
    parser.add_argument("--other", metavar="URL", help="the base of another server with the Camunda 7 REST API, to compare with")
    return parser


if __name__ == "__main__":
    sys.exit(main())
