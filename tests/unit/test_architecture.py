"""The house rules, read from the tree, so that they cannot rot (design: docs/architecture.md; layers: `lint-imports`)."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from engine.settings import ROOT, Settings

ROOMS = ("engine", "handlers", "web")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations/versions" not in path.as_posix())
FILES = [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in SOURCES]

FILE_LINES, FUNCTION_LINES = 350, 40
LONGER = {
    "engine/diagram/codes.py": "one table: every code of the deploy gate with its sentences, compared with docs/problems.md",
    "engine/audit/standalone_verifier.py": "one file that leaves the house and shares no code with it",
    "engine/tables.py": "one table: every table of the engine, compared with the migrations",
    "web/errors.py": "one table: every refusal with its status and sentences",
}
"""File, or `file::function`, longer than the bound → why it is better in one piece."""

ONLY_IN = {
    "SpiffWorkflow": "engine/spiff/",
    "apscheduler": "engine/scheduler.py",
    "py_mini_racer": "engine/v8.py",
    "lxml.etree": "engine/",
    "argon2": "engine/passwords.py",
    "alembic": "engine/migr",
    "waitress": "web/cli.py",
    "PIL": "engine/uploads.py",
    "minio": "engine/document_store.py",
    "xlsxwriter": "engine/audit/spreadsheet.py",
    "cryptography": "engine/audit/s",  # signing, and the stand-alone verifier, which shares no code with it
}
WALL_CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
MAY_READ_THE_CLOCK = {"engine/unit_of_work.py": "the one clock that is handed to everybody"}
WRITES = re.compile(r"\.commit\(")
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve"}
EMPTY_CLASS_NAMES = re.compile(r"(Service|Manager|Helper|Utils?)$")
EMPTY_FILE_NAMES = {"utils", "util", "helpers", "helper", "services", "managers", "common", "misc"}
MACHINE = re.compile(r"(?<![\w.])/(work|root|farm|home/\w+)/|registry-mirror")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of names, else what of it is one."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_one_place_commits():
    """A verb never commits, so that two verbs on a case are one transaction."""
    found = [name_of(path) for path in SOURCES for _ in WRITES.findall(path.read_text("utf-8"))]
    assert found == ["engine/unit_of_work.py"]


@pytest.mark.parametrize("path", FILES)
def test_a_library_has_one_room(path: Path):
    strangers = {module for module in imports(tree_of(path)) for library, room in ONLY_IN.items()
                 if (module == library or module.startswith(f"{library}.")) and not name_of(path).startswith(room)}
    assert strangers == set()


@pytest.mark.parametrize("path", FILES)
def test_settings_alone_read_the_environment(path: Path):
    if name_of(path) == "engine/settings.py":
        return
    read = [node.lineno for node in ast.walk(tree_of(path)) if dotted(node) in ("os.environ", "os.getenv", "os.environb")]
    assert read == []


@pytest.mark.parametrize("path", FILES)
def test_imports_stand_at_the_top(path: Path):
    inner = [node.lineno for function in functions(tree_of(path)) for node in ast.walk(function)
             if isinstance(node, ast.Import | ast.ImportFrom)]
    assert inner == []


@pytest.mark.parametrize("path", FILES)
def test_time_is_given_not_read(path: Path):
    if name_of(path) in MAY_READ_THE_CLOCK:
        return
    read = [f"{node.lineno}: {dotted(node.func)}" for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Call) and any(dotted(node.func).endswith(clock) for clock in WALL_CLOCKS)]
    assert read == []


@pytest.mark.parametrize("path", FILES)
def test_no_text_becomes_python(path: Path):
    tree = tree_of(path)
    called = [f"{node.lineno}: {node.func.id}" for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS]
    assert called == []
    assert FORBIDDEN_MODULES.isdisjoint(imports(tree))


@pytest.mark.parametrize("path", FILES)
def test_files_and_functions_stay_short(path: Path):
    name = name_of(path)
    text = path.read_text("utf-8")
    long = [f"{name}::{function.name}" for function in functions(ast.parse(text))
            if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES]
    if text.count("\n") > FILE_LINES:
        long.append(name)
    assert [each for each in long if each not in LONGER] == []


def test_every_exception_to_the_length_is_still_needed():
    """An exception that nothing uses any more goes."""
    for name in LONGER:
        file, _, function = name.partition("::")
        text = (ROOT / file).read_text("utf-8")
        spans = [f.end_lineno - f.lineno + 1 for f in functions(ast.parse(text)) if f.name == function]
        assert (max(spans) > FUNCTION_LINES) if function else (text.count("\n") > FILE_LINES), name


@pytest.mark.parametrize("path", FILES)
def test_names_say_what_a_thing_is(path: Path):
    """No Service, Manager, Helper or utils: they say nothing."""
    classes = [node.name for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
    assert [name for name in classes if EMPTY_CLASS_NAMES.search(name)] == []
    assert EMPTY_FILE_NAMES.isdisjoint({*path.relative_to(ROOT).parts, path.stem})


@pytest.mark.parametrize("path", FILES)
def test_modules_and_public_functions_say_what_they_do(path: Path):
    tree = tree_of(path)
    silent = [] if ast.get_docstring(tree) else ["module"]
    silent += [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
               and not node.name.startswith("_") and not ast.get_docstring(node)]
    assert silent == []


@pytest.mark.parametrize("path", FILES)
def test_importing_starts_nothing(path: Path):
    """No connection, thread or environment at import: a module's top level only defines."""
    doing = {"create_engine", "connect", "Thread", "start", "open", "from_env", "create_app"}
    done = [statement for statement in tree_of(path).body if isinstance(statement, ast.Expr | ast.Assign)]
    top = [node for statement in done for node in ast.walk(statement)]
    called = [dotted(node.func) for node in top if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in doing]
    assert called == []


def test_no_file_knows_this_machine():
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__) and (match := MACHINE.search(text)):
            found.append(f"{name_of(path)}: {match[0]}")
    assert found == []


def test_every_setting_is_in_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [field.name.upper() for field in fields(Settings) if f"`{field.name.upper()}`" not in readme]
    assert missing == []


def test_every_folder_of_diagrams_is_data():
    assert list((ROOT / "bpmn").rglob("*.py")) == []


def test_test_files_have_names_of_their_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert [name for name in set(names) if names.count(name) > 1] == []  # pytest imports them by name, without their folder
