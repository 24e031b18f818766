"""A step without a database: read the tokens, apply, write the tokens. Its cost must not grow with the history or the data."""

from collections.abc import Sequence
from datetime import UTC, datetime

from engine import canonical, expressions, step
from engine.diagram import read
from engine.evaluation import CaseEnvironment
from engine.spiff import compile as spiff_compile
from engine.spiff import run
from engine.spiff.compile import Spec
from engine.spiff.steps import Complete, Start, State, empty
from engine.variables import ROOT, ScopedVariables, Stored
from tests.bench.company import bench_diagram
from tests.bench.measuring import Table, medians, processor

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
SHORT = 2_000


class Answered(CaseEnvironment):
    """An environment whose gateways are answered without FEEL: never solved."""

    def choose(self, process: str, scope: int, flows: Sequence[str]) -> list[bool]:
        return [False for _ in flows]


class Alone:
    """One case in memory, after so many loop rounds, with so many bytes of variables (ten of equal length)."""

    def __init__(self, spec: Spec, rounds: int, size: int, kind: type[CaseEnvironment]) -> None:
        self.spec, self.kind = spec, kind
        text = canonical.dumps("x" * (size // 10))
        row = Stored(text if len(text) <= SHORT else None, canonical.digest(text), len(text))
        self.rows = {(ROOT, f"v{i}"): row for i in range(10)}
        false = canonical.dumps(False)
        self.rows[ROOT, "solved"] = Stored(false, canonical.digest(false), len(false))
        self.state = step.apply(spec, empty(), Start("bench", "begin"), self.environment()).state
        for _ in range(2 * rounds):
            self.advance()
        self.text = canonical.dumps(self.state)
        self.number = 0

    def environment(self) -> CaseEnvironment:
        return self.kind(self.spec.processes, {}, ScopedVariables(self.rows), NOW)

    def advance(self) -> State:
        self.state = step.apply(self.spec, self.state, Complete(_waiting(self.state)), self.environment()).state
        return self.state

    def whole(self) -> None:
        """Tokens read, a variable written, the step, its digest, tokens written: what `advance` does besides rows."""
        state: State = canonical.loads(self.text)
        environment = self.environment()
        step.open_scopes(self.spec, state, environment.variables)
        self.number += 1
        environment.variables.write(ROOT, "note", self.number)
        applied = step.apply(self.spec, state, Complete(_waiting(state)), environment)
        self.text = canonical.dumps(applied.state)

    def tokens_only(self) -> None:
        """Place, run, read back."""
        state = canonical.loads(self.text)
        outcome = run.run(self.spec, state, Complete(_waiting(state)), self.environment())
        self.text = canonical.dumps(outcome.state)


def measure(table: Table, rounds: int, loops: Sequence[int]) -> None:
    """The rows of the engine alone."""
    found = read.read(bench_diagram(), "bench.bpmn")
    spec = spiff_compile.compile_processes({"bench": found.processes["bench"]})
    cases = {(loop, size): Alone(spec, loop, size, Answered) for loop in loops for size in (1_000, 100_000)}
    steps = medians(rounds, {f"{key}": lambda case=case: processor(200, case.whole) for key, case in cases.items()})
    for (loop, size), case in cases.items():
        text = f"step after {loop} loop rounds, {size // 1000} kB of variables"
        table.add(text, "engine", f"{steps[str((loop, size))]:.3f} ms CPU", f"{len(case.text)} B of tokens")
    spread = max(steps.values()) / min(steps.values())
    table.aim("flat over loop rounds and variables: slowest / fastest", "engine", spread, 1.5, "×")
    _parts(table, rounds, spec)
    table.aim("tokens, largest", "engine", max(len(case.text) for case in cases.values()), 200, "B")


def _parts(table: Table, rounds: int, spec: Spec) -> None:
    plain, feel = Alone(spec, 0, 1_000, Answered), Alone(spec, 0, 1_000, CaseEnvironment)
    found = medians(rounds, {
        "tokens": lambda: processor(200, plain.tokens_only), "whole": lambda: processor(200, plain.whole),
        "with": lambda: processor(200, feel.whole),
        "call": lambda: processor(200, lambda: expressions.conditions(["solved = true"], {"solved": False}, NOW))})
    table.aim("step, tokens only (place, run, read back), no FEEL", "engine", found["tokens"], 0.1, "ms CPU")
    table.add("step with variables, offers and digest, no FEEL", "engine", f"{found['whole']:.3f} ms CPU")
    table.add("the same with FEEL (every second step has a condition)", "engine", f"{found['with']:.3f} ms CPU")
    table.add("one condition in FEEL", "engine", f"{found['call']:.3f} ms CPU", "in this thread; V8 has its own")
    expressions.close()


def _waiting(state: State) -> int:
    return next(row["id"] for row in state["tokens"] if row["is"] == "task")


