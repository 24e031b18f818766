"""The files of one deployment, read: diagrams, forms, decisions and scenarios by key; what is wrong with the files themselves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, NoReturn

from engine import canonical, decisions, forms
from engine.decisions import Decision
from engine.diagram import read
from engine.diagram.codes import problem
from engine.diagram.sources import File, Source
from engine.errors import DeploymentRefused, ExpressionError, InvalidValue, Problem
from engine.expression_messages import explain
from engine.xml import MAX_BYTES, XmlRefused

DIAGRAM, FORM, DECISION, SCENARIO = (".bpmn", ".bpmn20.xml", ".xml"), (".form",), (".dmn",), (".scenario",)
"""How the names of the files of a deployment end."""
REASONS = {
    "no_decision": ("不是 DMN 1.x 的决策文件，或其中没有决策", "it is no DMN 1.x file, or has no decision"),
    "no_decision_table": ("应有且只有一个决策表", "a decision needs exactly one decision table"),
    "hit_policy": ("命中策略或聚合方式不受支持", "its hit policy or aggregation is not supported"),
    "decision_output": ("输出列缺失或与聚合方式不符", "its output columns are missing or do not fit the aggregation"),
    "decision_rule": ("有一行规则的格数与列数不符", "a rule has another number of cells than there are columns"),
}


@dataclass
class Deployment:
    """What the files define, by key; `files` says which file defines a (kind, key)."""

    problems: list[Problem] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    forms: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self, file: File) -> None:
        """Add one file by the ending of its name; what cannot be read becomes a problem."""
        readers = {FORM: self._form, DECISION: self._decisions, SCENARIO: self._scenario, DIAGRAM: self._diagram}
        for endings, reader in readers.items():
            if file.name.lower().endswith(endings):
                reader(file)
                return
        self.problems.append(problem("file_kind", file=file.name))

    def _diagram(self, file: File) -> None:
        try:
            root = read.tree(file.data, file.name)
            source = Source(file.name, root, read.model(root, file.data, file.name))
        except DeploymentRefused as refusal:
            self.problems.extend(refusal.problems)
            return
        self.sources.append(source)
        for process in source.processes:
            self._claim("process", process.id, file)

    def _form(self, file: File) -> None:
        try:
            form = read_json(file.data)
        except (ValueError, RecursionError) as refusal:
            self.problems.append(problem("form_malformed", file=file.name, message=str(refusal)))
            return
        problems = forms.check_schema(form, file.name)
        self.problems.extend(problems)
        key = str(form.get("id") or PurePath(file.name).stem)
        self._claim("form", key, file)
        is_usable = all(each.severity == "warning" for each in problems)
        self.forms[key] = form if is_usable else {}  # its name exists; nothing is said about its fields

    def _scenario(self, file: File) -> None:
        try:
            key = scenario_key(read_json(file.data))
        except (ValueError, RecursionError) as refusal:
            self.problems.append(problem("scenario_malformed", file=file.name, message=str(refusal)))
            return
        self._claim("scenario", key, file)

    def _decisions(self, file: File) -> None:
        try:
            parsed = decisions.parse(file.data, file.name)
        except XmlRefused as refusal:
            self.problems.append(problem(refusal.code, **{**refusal.facts, "file": file.name}))
            return
        except (InvalidValue, ExpressionError) as refusal:
            self.problems.append(_decision_problem(refusal, file))
            return
        for decision in parsed:
            self._claim("decision", decision.key, file)
            self.decisions[decision.key] = decision

    def _claim(self, kind: str, key: str, file: File) -> None:
        """Note that `file` defines `key`; a second file that does is a problem."""
        other = self.files.setdefault((kind, key), file.name)
        if other != file.name:
            self.problems.append(problem("duplicate_key", file=file.name, element=key, key=key, other=other))


def scenario_key(scenario: Mapping[str, Any]) -> str:
    """The key of a scenario: `<process key>/<name>`. Raises `ValueError` where either is missing."""
    named = [scenario.get(part) for part in ("process", "name")]
    if not all(isinstance(each, str) and each.strip() for each in named):
        raise ValueError("process, name")
    return "/".join(str(each).strip() for each in named)


def read_json(data: bytes) -> dict[str, Any]:
    """The JSON object in `data` (UTF-8, at most `MAX_BYTES`). Raises `ValueError`."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes, the limit is {MAX_BYTES}")
    form = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    if canonical.has_unkept(form):
        raise ValueError("U+0000, U+D800")
    if isinstance(form, dict):
        return form
    raise ValueError("not an object")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _decision_problem(refusal: InvalidValue | ExpressionError, file: File) -> Problem:
    is_feel = isinstance(refusal, ExpressionError)
    zh, en = explain(refusal.facts) if is_feel else REASONS.get(refusal.code, (refusal.code, refusal.code))
    element, where = refusal.facts.get("element"), refusal.facts.get("expression" if is_feel else "value")
    words = f" {where}" if where else ""
    return problem("decision_malformed", file=file.name, element=element, key=element or "–", reason_zh=zh + words,
                   reason_en=en + words)
