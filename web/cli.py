"""`flask --app web …`: deploy and check diagrams, users, the worker and the server, and a case from the shell."""

import json
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Never, get_args

import click
import waitress
from flask import Flask, current_app
from flask.cli import with_appcontext

from engine import deployments, history, identity, instances, migrate, passwords, scheduler, worklist
from engine import tables as engine_tables
from engine.audit import settings_record, witness
from engine.diagram.check import File
from engine.diagram.deployment import DECISION, DIAGRAM, FORM, SCENARIO
from engine.errors import DeploymentRefused, EngineError, NotFound, Problem
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine
from handlers import migrations
from handlers import tables as company_tables
from web import demonstration, errors
from web.access import engine as current_engine
from web.audit import verifying
from web.demo.command import demo

HOW_TO_FILL = "\n  flask --app web demo 填入一年的演示工单 · makes a year of demonstration cases\n"
CONNECTIONS = 5_000  # every open page keeps one or more, and waitress takes no further ones beyond (100 by default)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SUFFIXES = (*DIAGRAM, *FORM, *DECISION, *SCENARIO)
PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
THERE = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, readable=True))
AS_USER = click.option("--as", "user", default="admin", show_default=True, help="The user on the record.")


def register(app: Flask) -> None:
    """Add the commands to the application's `flask` command line."""
    for command in (check, deploy, create_user, start, tasks, verify, acknowledge_gap, demo, worker, serve, new_migration):
        app.cli.add_command(command)


class Refused(click.ClickException):
    """An error of the engine, told in both languages."""

    def __init__(self, error: EngineError) -> None:
        facts = ", ".join(f"{name}={value}" for name, value in error.facts.items() if value is not None)
        super().__init__(f"{errors.sentence(error, 'zh')} {errors.sentence(error, 'en')} [{error.code}: {facts}]")


# ------------------------------------------------------------------ diagrams
@click.command()
@PATHS
@with_appcontext
def check(paths: Sequence[Path]) -> None:
    """Check files as a deployment would, each by itself, without a database."""
    files = _files(paths)
    unreadable = {path: problem for path in files if (problem := _unreadable(path))}
    found = deployments.check_files(current_engine(), [path for path in files if path not in unreadable])
    is_fit = [_print_problems(path, [unreadable[path]] if path in unreadable else found[path]) for path in files]
    sys.exit(0 if all(is_fit) else 1)


@click.command()
@THERE
@AS_USER
@with_appcontext
def deploy(paths: Sequence[Path], user: str) -> None:
    """Deploy files together: all of them or none."""
    files = [File(path.name, path.read_bytes()) for path in _files(paths)]
    try:
        with _engine().transaction(_actor(user)) as uow:
            deployed = deployments.deploy(uow, files, name=paths[0].name, source="flask deploy")
    except DeploymentRefused as refused:
        for problem in refused.problems:
            click.echo(_line(problem.file, problem))
        sys.exit(1)
    for problem in deployed.problems:
        click.echo(_line(problem.file, problem))
    for row in deployed.definitions:
        click.echo(f"{row.kind} {row.key} {row.version}")


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files, and those in the folders, in order."""
    found = []
    for path in paths:
        found += sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES)) if path.is_dir() else [path]
    return found


def _unreadable(path: Path) -> Problem | None:
    try:
        with path.open("rb"):
            return None
    except OSError as problem:
        return Problem("unreadable_file", "error", str(path), None, None, f"无法读取文件：{problem.strerror}。",
                       f"The file cannot be read: {problem.strerror}.")


def _print_problems(path: Path, problems: Sequence[Problem]) -> bool:
    """Print what was found in a file; whether it may be deployed."""
    is_fit = all(problem.severity != "error" for problem in problems)
    if is_fit:
        click.echo(f"{path}: ok")
    for problem in problems:
        click.echo(_line(str(path), problem))
    return is_fit


def _line(file: str, problem: Problem) -> str:
    place = problem.element or "-"
    if problem.field:
        place += f".{problem.field}"
    sentence = " ".join(f"{problem.zh} {problem.en}".split())
    return f"{file}: {problem.severity}: {problem.code}: {place}: {sentence}"


# ------------------------------------------------------------------ people and cases
@click.command("create-user")
@click.argument("user")
@click.option("--name", required=True, help="The name shown to people.")
@click.option("--name-en", default="", help="The name in English.")
@click.option("--email", default="")
@click.option("--group", "groups", multiple=True, metavar="GROUP[:OFFICE]", help="A membership; may be repeated.")
@click.option("--admin", is_flag=True, help="May deploy, settle incidents and manage users.")
@click.option("--sees-all", is_flag=True, help="Sees the cases of every office.")
@click.password_option(help="Asked for when not given.")
@with_appcontext
def create_user(*, user: str, name: str, name_en: str, email: str, groups: Sequence[str], password: str, admin: bool,
                sees_all: bool) -> None:
    """Add a user."""
    memberships = [(group, office) for group, _, office in (each.partition(":") for each in groups)]
    hashed = passwords.hash_password(password)
    try:
        with _engine(demonstrates=False).transaction(SYSTEM) as uow:
            identity.create_user(uow, user, name=name, name_en=name_en, email=email, hashed=hashed, memberships=memberships,
                                 is_admin=admin, sees_all=sees_all)
            history.record_change(uow, "create_user", subject=f"user:{user}", before=None, after={
                "name": name, "is_admin": admin, "sees_all": sees_all, "memberships": [list(each) for each in memberships]})
    except EngineError as error:
        raise Refused(error) from error
    click.echo(user)


@click.command()
@click.argument("key")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable: JSON, else text. May be repeated.")
@click.option("--business-key", default=None, help="The case number; one is given when it is left out.")
@click.option("--office", default=None, help="The office that the case belongs to.")
@AS_USER
@with_appcontext
def start(key: str, variables: Sequence[str], business_key: str | None, office: str | None, user: str) -> None:
    """Start a case of the process KEY and print its id."""
    values = dict(_variable(each) for each in variables)
    try:
        with _engine().transaction(_actor(user)) as uow:
            click.echo(instances.start(uow, key, variables=values, business_key=business_key, office=office))
    except EngineError as error:
        raise Refused(error) from error


def _variable(text: str) -> tuple[str, Any]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise click.BadParameter(f"{text!r}: expected NAME=VALUE", param_hint="--var")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@click.command()
@AS_USER
@click.option("--view", type=click.Choice(get_args(worklist.View)), default="groups", show_default=True)
@click.option("--search", default=None, help="A piece of case number, customer, product or serial.")
@with_appcontext
def tasks(user: str, view: worklist.View, search: str | None) -> None:
    """List a user's tasks, late first: id, case number, element, office, due."""
    after, has_more = None, True
    with _engine().reading(_actor(user)) as uow:
        while has_more:
            page = worklist.page(uow, view=view, criteria=worklist.Criteria(search=search), after=after)
            for row in page.rows:
                due = row.due_at.isoformat() if row.due_at else "-"
                click.echo("\t".join((row.id, row.business_key, row.element, row.office, due)))
            after, has_more = page.next_cursor, page.next_cursor is not None


@click.command()
@click.option("--case", "case_id", default=None, help="Only this case (its id).")
@with_appcontext
def verify(case_id: str | None) -> None:
    """Recompute every chain, digest and checkpoint; one line for each that does not agree."""
    number = 0
    with _engine().reading(SYSTEM) as uow:
        try:
            for finding in verifying.of_case(uow, case_id) if case_id else verifying.of_all(uow):
                number += 1
                click.echo(f"{finding.instance_id}\t{finding.seq or '-'}\t{finding.kind}\t{finding.detail}")
        except NotFound as error:
            raise Refused(error) from error
    if number:
        sys.exit(1)
    click.echo("ok")


@click.command("acknowledge-gap")
@click.option("--reason", required=True, help="Why the database lacks what the file of checkpoints knows, or got events late.")
@AS_USER
@with_appcontext
def acknowledge_gap(reason: str, user: str) -> None:
    """Answer for a gap after a restore: an event and a checkpoint that name what the file knew and the database lacks."""
    engine = _engine()
    try:
        with engine.transaction(_actor(user)) as uow:
            made = witness.acknowledge(uow, reason)
    except EngineError as error:
        raise Refused(error) from error
    witness.deliver(engine)
    click.echo(f"{made.seq}\t{made.hash}\t{len(made.told['acknowledged']['gaps'])}")


# ------------------------------------------------------------------ programs
@click.command()
@with_appcontext
def worker() -> None:
    """Run due jobs until stopped: a worker as a process of its own."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    engine = _engine()
    settings_record.at_start(engine)
    with scheduler.running(engine):
        click.echo("工作进程已启动。 The worker runs.")
        stopping.wait()


@click.command()
@with_appcontext
def serve() -> None:
    """Serve the pages; the database is made ready first. Loopback only, unless DEMO_PASSWORD is set."""
    engine = current_engine()
    host = _host(engine)
    password = engine.settings.demo_password
    demonstration.prepare(engine, password or demonstration.PASSWORD)
    if password:
        demonstration.replace_published_password(engine, password)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a request that waits a moment is no news
    settings_record.at_start(engine)
    server = _listen(engine, host)
    _announce(engine, host, password or demonstration.PASSWORD)
    signal.signal(signal.SIGTERM, _leave)
    with scheduler.running(engine) if engine.settings.worker_in_server else nullcontext():
        server.run()


def _host(engine: ProcessEngine) -> str:
    """Where to listen: an address that others reach needs a password that others do not know."""
    settings = engine.settings
    if settings.demo_password:
        return "0.0.0.0" if settings.host in LOOPBACK else settings.host  # noqa: S104  # asked for by setting the password
    if settings.host not in LOOPBACK:
        raise click.ClickException(
            f"HOST={settings.host} 会让他人访问，请先设置 DEMO_PASSWORD。 "
            f"HOST={settings.host} lets others reach this server: set DEMO_PASSWORD first.")
    return settings.host


def _listen(engine: ProcessEngine, host: str) -> Any:
    """Waitress, listening already, so that the address is announced when it answers."""
    port = engine.settings.port
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's documented way to its object
    try:
        return waitress.create_server(app, host=host, port=port, threads=8, ident=None, connection_limit=CONNECTIONS,
                                      asyncore_use_poll=True)
    except OSError as problem:
        sentence = f"无法使用端口 {port}，请换一个（PORT）。 Port {port} cannot be used: choose another by PORT."
        raise click.ClickException(f"{sentence} ({problem.strerror})") from problem


def _announce(engine: ProcessEngine, host: str, password: str) -> None:
    """Say where it is and who can sign in."""
    click.echo(f"\n  Fuwuflow: http://{'127.0.0.1' if host == '0.0.0.0' else host}:{engine.settings.port}/\n")  # noqa: S104
    users = demonstration.users_with(engine, password)
    shown = f"密码 password: {password}" if not engine.settings.demo_password else "密码 password: DEMO_PASSWORD"
    if users:
        click.echo(f"  演示用户 Demonstration users ({shown})")
    for row in users:
        click.echo(f"    {row.id:28}{row.name} · {row.name_en}")
    click.echo(HOW_TO_FILL)


def _leave(*_: object) -> Never:
    raise SystemExit(0)


# ------------------------------------------------------------------ developers
@click.command("new-migration")
@click.option("--branch", type=click.Choice(["engine", "company"]), required=True)
@click.argument("message")
@with_appcontext
def new_migration(branch: str, message: str) -> None:
    """Write a migration from the database's schema to the tables in the code."""
    metadata = [engine_tables.metadata, company_tables.metadata]
    for path in migrate.new_migration(current_engine().database, branch, message, metadata, [migrations.VERSIONS]):
        click.echo(path)


def _engine(*, demonstrates: bool = True) -> ProcessEngine:
    """The engine on a database made ready; `demonstrates`: an empty one gets the demonstration users too."""
    engine = current_engine()
    demonstration.prepare(engine, (engine.settings.demo_password or demonstration.PASSWORD) if demonstrates else None)
    return engine


def _actor(user: str) -> Actor:
    with current_engine().reading(SYSTEM) as uow:
        try:
            return identity.actor(uow, user)
        except EngineError as error:
            raise Refused(error) from error
