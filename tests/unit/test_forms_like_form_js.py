"""The server accepts a value exactly when form-js itself does: thousands of fields and values, judged by both."""

import json
import os
import random
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from engine import forms
from engine.errors import InvalidForm

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, tzinfo=UTC)
OPTIONS = [{"value": "a", "label": "A"}, {"value": 2, "label": "B"}, {"value": True, "label": "C"}]
TEXTS = ["", "a", " a ", "abc", "abcdef", "12-x", "日本語", "a@b", "a@b.cn", "a@b@c", "é", "😀😀", "2026-01-31", "x" * 60]
NUMBERS = [0, 1, -1, 2.5, 0.1, 0.25, 3, 99.99, 1e-7, 1e15, -0.3, 10, 0.3]
DAYS = ["2026-01-31", "2026-1-1x", "31.01.2026", "tomorrow", "2026-01-31T10:00"]
TIMES = ["2026-01-31T10:00", "2026-01-31T25:00", "2026-01-31", "x"]


def cases(dice):
    """Pairs of a component and a value, most of them near the edges of a rule."""
    for _ in range(4_000):
        kind = dice.choice(["textfield", "textarea", "number", "checkbox", "radio", "select", "checklist", "taglist", "datetime"])
        yield dict(zip(("component", "value"), make(kind, dice), strict=True))


def make(kind, dice):
    component = {"type": kind, "key": "x", "validate": {"required": dice.random() < 0.4}}
    rules = component["validate"]
    if kind in ("textfield", "textarea"):
        some(dice, rules, minLength=[0, 2, 4], maxLength=[2, 5], pattern=["^[a-z]+$", "\\d", "^.{1,3}$", "^[\\w.\\-]+$"],
             validationType=["email"])
        return component, dice.choice(TEXTS)
    if kind == "number":
        some(dice, rules, min=[0, 1, "0.25"], max=[3, 10.5])
        some(dice, component, decimalDigits=[0, 1, 2], increment=[1, 0.1, "0.25"])
        return component, dice.choice(NUMBERS)
    if kind == "checkbox":
        return component, dice.choice([True, False])
    if kind == "datetime":
        component |= {"subtype": dice.choice(["date", "datetime"]), "timeSerializingFormat": "no_timezone"}
        return component, dice.choice(DAYS if component["subtype"] == "date" else TIMES)
    component["values"] = OPTIONS
    one = dice.choice(["a", 2, True, "b", 3, "A"])
    return component, ([one, *dice.sample(["a", 2], dice.randint(0, 1))] if kind in ("checklist", "taglist") else one)


def some(dice, target, **choices):
    for name, values in choices.items():
        if dice.random() < 0.35:
            target[name] = dice.choice(values)


def form_js(pairs):
    node = shutil.which("node", path=f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert node, "form-js is built with Node, so it is there"
    asked = json.dumps([[pair["component"], pair["value"]] for pair in pairs])
    done = subprocess.run([node, str(Path(__file__).with_name("form_js.cjs"))], input=asked, capture_output=True, text=True,
                          timeout=60, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ours(pair):
    try:
        forms.parse({"components": [pair["component"]]}, {"x": pair["value"]}, {}, NOW, lambda name: [])
    except InvalidForm:
        return False
    return True


def test_server_and_browser_judge_alike():
    pairs = list(cases(random.Random(20261123)))
    expected = form_js(pairs)
    differing = [(pair, theirs) for pair, theirs in zip(pairs, expected, strict=True) if ours(pair) != theirs]
    assert differing == []
    assert min(expected.count(True), expected.count(False)) > 500
