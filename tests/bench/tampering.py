"""Ten kinds of tampering at random places, each on a copy of a record, and clean copies: what the stand-alone verifier says."""

import random
import tempfile
from pathlib import Path

from tests import tampering
from tests.bench.measuring import Table
from tests.conftest import Clock, Databases, SqliteFiles, open_engine, prepare_company, quick_folder


def measure(table: Table, kind: str, databases: Databases, *, places: int, clean: int) -> None:
    """The rows of tampering on one kind of database; files lie in memory, as it is not the disk that is looked at."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=quick_folder()) as folder:
            _measure(table, kind, SqliteFiles(Path(folder)), places=places, clean=clean)
    else:
        _measure(table, kind, databases, places=places, clean=clean)


def _measure(table: Table, kind: str, databases: Databases, *, places: int, clean: int) -> None:
    url, clock = databases.new(), Clock()
    prepare_company(url)
    engine = open_engine(url, clock)
    tampering.keep_record(engine, clock, stories=15)
    kept = tampering.outside(engine)
    engine.close()
    reported = 0
    for name in tampering.KINDS:
        dice = random.Random(f"{name} {kind}")
        found = sum(_is_reported(databases, url, name, dice, kept) for _ in range(places))
        table.add(f"{name}: reported", kind, f"{found} of {places}", "met" if found == places else "MISSED")
        reported += found
    table.add("tampering, all kinds: reported", kind, f"{reported} of {places * len(tampering.KINDS)}")
    alarms = sum(_alarms(databases, url, kept) for _ in range(clean))
    table.add("false alarms in clean records", kind, f"{alarms} of {clean}", "aim 0: " + ("met" if not alarms else "MISSED"))
    databases.drop(url)


def _is_reported(databases: Databases, url: str, name: str, dice: random.Random, kept: tuple) -> bool:
    copy = databases.new(url)
    forgery = tampering.tamper(copy, name, dice)
    found = tampering.check(copy, *kept)
    databases.drop(copy)
    is_reported = tampering.is_reported(found, forgery, name)
    if not is_reported:
        print("not reported:", name, forgery, found, flush=True)
    return is_reported


def _alarms(databases: Databases, url: str, kept: tuple) -> bool:
    copy = databases.new(url)
    with tampering.as_owner(copy):
        pass
    found = tampering.check(copy, *kept)
    databases.drop(copy)
    return bool(found)
