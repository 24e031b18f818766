"""`flask demo`: a year of cases in five offices, or (`--quick`) a dozen open ones."""

import random
from collections.abc import Callable
from datetime import datetime

import click
from flask.cli import with_appcontext

from engine import standstill
from engine.audit import checkpoints, witness
from engine.queries import pending
from engine.unit_of_work import SYSTEM, ProcessEngine
from web import demonstration
from web.access import engine as current_engine
from web.demo import quick, year
from web.demo.year import Clock, Year

USUAL_CASES, MOST_CASES = 500, 5_000
DONE = ("{cases} 件工单，{open} 项待办。登录：lead.changsha、manager、clerk …… · "
        "{cases} cases, {open} open tasks. Sign in as lead.changsha, manager, clerk …")
NOT_EMPTY = ("数据库里已经有工单：演示只填空的库。要再加一年，用 --more。 "
             "There are cases in this database already: the demonstration fills an empty one. Add another year with --more.")


@click.command()
@click.option("--cases", "number", default=USUAL_CASES, show_default=True, type=click.IntRange(10, MOST_CASES),
              help="About how many cases the year has.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same year.")
@click.option("--more", is_flag=True, help="Also on a database that has cases.")
@click.option("--quick", "is_quick", is_flag=True, help="Only a dozen open cases in different steps, in seconds.")
@with_appcontext
def demo(*, number: int, seed: int, more: bool, is_quick: bool) -> None:
    """Fill a year of cases in five offices, through the engine; takes some minutes."""
    engine = current_engine()
    password = engine.settings.demo_password or demonstration.PASSWORD
    if is_quick:
        demonstration.prepare(engine, password)
        for case in quick.open_all(engine):
            click.echo(case)
        return
    play(engine, password, number=number, seed=seed, may_add=more)


def play(engine: ProcessEngine, password: str, *, number: int, seed: int, may_add: bool = False) -> Year:
    """Play the year that ends now; the company is set up at its begin if the database is empty."""
    until = engine.clock()
    clock = Clock(until - year.YEAR)
    earlier = ProcessEngine(engine.settings, operations=engine.operations, lists=engine.lists,
                            records=engine.records, clock=clock)
    try:
        demonstration.prepare(earlier, password, today=until.date())
        _refuse_a_second(earlier, may_add=may_add)
        with standstill.held(engine) as keep:
            with earlier.transaction(SYSTEM) as uow:
                year.prepare(uow, until, seed)
            played = Year(earlier, clock, until, random.Random(seed))  # noqa: S311  # the demonstration's dice, no secret
            played.plan(number)
            _run(played, clock.now, keep)
            _answer_for(earlier)
        with earlier.reading(SYSTEM) as uow:
            click.echo(DONE.format(cases=played.opened, open=len(pending.open_tasks(uow))))
    finally:
        earlier.close()
    return played


def _run(played: Year, begin: datetime, keep: Callable[[], None]) -> None:
    """Show how far the year is, in days."""
    with click.progressbar(length=(played.until - begin).days, label="演示年度 · a year of cases", show_pos=True) as bar:

        def tell(at: datetime) -> None:
            keep()
            if (days := (at - begin).days - bar.pos) > 0:
                bar.update(days)

        played.tell = tell
        played.run()
        tell(played.until)


def _answer_for(engine: ProcessEngine) -> None:
    """A year that is played after the first checkpoint is dated before it: signed as such, so that nobody takes it for forged."""
    with engine.transaction(SYSTEM) as uow:
        if checkpoints.newest(uow) is not None:
            witness.acknowledge(uow, "flask demo")


def _refuse_a_second(engine: ProcessEngine, *, may_add: bool) -> None:
    with engine.reading(SYSTEM) as uow:
        if pending.has_cases(uow) and not may_add:
            raise click.ClickException(NOT_EMPTY)
