"""FEEL in V8: what it gives, what it refuses, and that nothing a modeller writes can harm the process."""

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from engine import expressions, v8
from engine.errors import ExpressionError
from engine.expression_messages import explain

NOW = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # 07:30 on the 24th in Shanghai


def give(expression, **variables):
    return expressions.evaluate(expression, variables, NOW)


def refusal(expression, **variables):
    with pytest.raises(ExpressionError) as caught:
        give(expression, **variables)
    return caught.value.facts


@pytest.mark.parametrize(("expression", "variables", "expected"), [
    ("a = 3", {"a": 3}, True),
    ("金额 > 300000 and 保修", {"金额": 300001, "保修": True}, True),
    ("items[price > limit].name", {"items": [{"price": 3, "name": "x"}, {"price": 1, "name": "y"}], "limit": 2}, ["x"]),
    ("sum(for p in parts return p.count * p.price_cents)", {"parts": [{"count": 2, "price_cents": 150}]}, 300),
    ("some p in parts satisfies p = 5", {"parts": [1, 5]}, True),
    ("every p in parts satisfies p > 0", {"parts": [1, 5]}, True),
    ('kind in ("a", "b")', {"kind": "b"}, True),
    ("n in [1..5]", {"n": 5}, True),
    ("n between 1 and 4", {"n": 5}, False),
    ("if a = null then 0 else a + 1", {"a": None}, 0),
    ("a != null and a > 5", {"a": None}, False),
    ("{total: 2, double: total * 2}", {}, {"total": 2, "double": 4}),
    ('string length("维修单")', {}, 3),
    ('date(day) < date("2026-12-01")', {"day": "2026-11-30"}, True),
    ('date("2026-07-15T07:00:00+08:00")', {}, "2026-07-15"),
    ('duration("P1D") + duration("PT3H")', {}, "P1DT3H"),
    ('today() + duration("P1D")', {}, "2026-11-25"),
    ("date < \"2026-01-02\"", {"date": "2026-01-01"}, True),
    ("order.customer.name", {"order": {"customer": {"name": "n"}}}, "n"),
    ("-0", {}, 0),
    ("1 / 0", {}, None),
    ("[1, 2][5]", {}, None),
])
def test_an_expression_gives_its_value(expression, variables, expected):
    assert give(expression, **variables) == expected


def test_clock_and_zone_come_from_the_caller():
    assert give("now()") == "2026-11-24T07:30:00+08:00"
    assert give("today()") == "2026-11-24"
    assert give("date(now()) = today()") is True
    assert give('date and time("2026-01-01T10:00:00")') == "2026-01-01T10:00:00+08:00"
    assert expressions.evaluate("today()", {}, NOW, "UTC") == "2026-11-23"


def test_process_zone_of_the_machine_is_not_seen():
    program = ("from datetime import datetime, UTC\nfrom engine import expressions as e\n"
               "print(e.evaluate('[now(), today(), date and time(\"2026-07-01T10:00:00\")]', {}, "
               "datetime(2026, 1, 1, 20, tzinfo=UTC)))")
    seen = {subprocess.run([sys.executable, "-c", program], env={**os.environ, "TZ": zone}, capture_output=True, text=True,
                           check=True, timeout=60).stdout for zone in ("UTC", "America/New_York")}
    assert seen == {"['2026-01-02T04:00:00+08:00', '2026-01-02', '2026-07-01T10:00:00+08:00']\n"}


@pytest.mark.parametrize(("expression", "variables", "reason", "position"), [
    ("a +", {"a": 1}, "syntax", 3),
    ("", {}, "syntax", 0),
    ("a and\n  unknown_one", {"a": True}, "unknown_name", 8),
    ('a = "3"', {"a": 3}, "unlike_types", 0),
    ("a > 1", {"a": "x"}, "unlike_types", 0),
    ("a in (1, 2)", {"a": "x"}, "unlike_types", 6),
    ("a + 1", {"a": "x"}, "unlike_types", 0),
    ("a + 1", {"a": None}, "unlike_types", 2),
    ("a and true", {"a": "x"}, "not_boolean", 0),
    ("if a then 1 else 2", {"a": 3}, "not_boolean", 3),
    ("a == 3", {"a": 3}, "unsupported", 3),
    ("a instance of number", {"a": 3}, "unsupported", 0),
    ("foo(1)", {}, "unknown_function", 0),
    ("a.b", {"a": {"c": 1}}, "unknown_property", 2),
    ("function(x) x", {}, "not_a_value", 0),
    ("today() > now()", {}, "unlike_types", 0),
    ("10 ** 400", {}, "not_a_number", 0),
    ("a" * 20_001, {}, "too_large", 0),
])
def test_a_refusal_says_why_and_where_in_both_languages(expression, variables, reason, position):
    with pytest.raises(ExpressionError) as caught:
        give(expression, **variables)
    facts = caught.value.facts
    assert (facts["reason"], facts["position"]) == (reason, position)
    zh, en = explain(facts)
    assert en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    assert "{" not in zh + en


@pytest.mark.parametrize("given", ["null", '"yes"', "1", "[true]", "a"])
def test_a_condition_must_be_boolean(given):
    with pytest.raises(ExpressionError) as caught:
        expressions.conditions(["true", given], {"a": None}, NOW)
    assert caught.value.facts["reason"] == "not_boolean"
    assert caught.value.facts["expression"] == given


def test_conditions_of_a_gateway_are_one_call():
    assert expressions.conditions(["a > 1", "a < 1", "a = 1"], {"a": 1}, NOW) == [False, False, True]
    assert expressions.conditions([], {}, NOW) == []


def test_exclusive_gateway_does_not_read_past_the_first_true():
    given = ["a = null", "a > 5"]
    assert expressions.conditions(given, {"a": None}, NOW, until_true=True) == [True, False]
    with pytest.raises(ExpressionError):
        expressions.conditions(given, {"a": None}, NOW)


@pytest.mark.parametrize(("test", "value", "expected"), [
    ("-", 5, True), ('"a", "b"', "b", True), ('not("a")', "a", False), ("< 5", 5, False), ("[1..5)", 4, True),
    ("> limit", 11, True), ("true", True, True), ("false", True, False), ("? > 3 and ? < 9", 5, True),
    ("null", None, True), ('date("2026-01-01")', None, False),
])
def test_unary_tests(test, value, expected):
    assert expressions.unary_tests([(test, value)], {"limit": 10}, NOW) == [expected]


def test_unary_test_of_an_unlike_type_is_refused():
    with pytest.raises(ExpressionError) as caught:
        expressions.unary_tests([("-", "x"), ("< 5", "x")], {}, NOW)
    assert caught.value.facts["reason"] == "unlike_types"


@pytest.mark.parametrize(("expression", "expected"), [
    ("a.b + 客户", {"a", "客户"}),
    ("for x in items return x.price * factor", {"items", "factor"}),
    ("some x in items, y in x.parts satisfies y > k", {"items", "k"}),
    ("items[price > limit]", {"items", "price", "limit"}),
    ("{a: 1, b: a + c}", {"c"}),
    ("count(count) + sum(list)", {"count", "list"}),
    ("(function(x) x + y)(1)", {"y"}),
    ("now() > date(d)", {"d"}),
    ("1 + 1", set()),
])
def test_names_are_the_variables_it_reads(expression, expected):
    assert expressions.names(expression) == expected


def test_only_what_certainly_is_a_variable_is_required():
    assert expressions.inspect("items[price > limit] != other").required == {"items", "other"}


def test_only_named_variables_reach_v8():
    hostile = {"a": 1, "unsendable": object()}
    assert expressions.evaluate("a + 1", hostile, NOW) == 2


@pytest.mark.parametrize(("text", "expected"), [
    ("manager", "manager"), ("${who}", {"id": 1}), (" ${who} ", {"id": 1}), ("= who.id + 1", 2), ("PT8H", "PT8H"), ("", ""),
])
def test_value_is_a_literal_a_variable_or_feel(text, expected):
    assert expressions.value(text, {"who": {"id": 1}}, NOW) == expected


@pytest.mark.parametrize(("text", "reason"), [
    ("${nobody}", "unknown_name"), ("Order ${who}", "unsupported_reference"), ("${who.id}", "unsupported_reference"),
    ("${execution.setVariable('a', 1)}", "unsupported_reference"), ("= who.", "syntax"),
])
def test_value_refuses_what_would_be_half_done(text, reason):
    with pytest.raises(ExpressionError) as caught:
        expressions.value(text, {"who": {"id": 1}}, NOW)
    assert caught.value.facts["reason"] == reason
    assert explain(caught.value.facts)


@pytest.mark.parametrize(("text", "expected"), [("${who}", {"who"}), ("= a + b", {"a", "b"}), ("who", set())])
def test_value_names(text, expected):
    assert expressions.value_names(text) == expected


TYPES = {"n": "number", "s": "string", "b": "boolean", "d": "date", "u": "unknown", "c": {"price": "number"}}


@pytest.mark.parametrize("expression", [
    "n > 3", 's = "x"', "b", "not(b)", "n = null", "b and n in [1..3]", 'date(d) < date("2026-01-01")', 'd = "2026-01-01"', "u",
    "u > 3", "c.price > n", "some x in u satisfies x.a = n", 'if b then n > 1 else s = "x"', "u[x > 3] = null",
    'today() - date(d) > duration("P3D")', 'contains(s, "x")', "count(u) > 2", "s in (\"a\", \"b\")", "date(d).year > 2025",
])
def test_types_that_fit_are_let_through(expression):
    assert expressions.check_types(expression, TYPES, is_closed=True) == []


@pytest.mark.parametrize(("expression", "reason"), [
    ('n = "3"', "unlike_types"), ("s > 3", "unlike_types"), ("b > false", "unlike_types"), ("b = 1", "unlike_types"),
    ("d > today()", "unlike_types"), ("n and b", "not_boolean"), ("n", "not_boolean"), ("s", "not_boolean"),
    ("n + 1", "not_boolean"), ("if n then b else b", "not_boolean"), ("m = 1", "unknown_name"),
    ("c.prize = 1", "unknown_property"),
    ("length(s) = 1", "unknown_function"), ("n == 1", "unsupported"), ("n = ", "syntax"), ('c.price = "3"', "unlike_types"),
    ("s in (1, 2)", "unlike_types"), ('n in ["a".."c"]', "unlike_types"), ("s * 2 = 4", "unlike_types"), ("null", "not_boolean"),
])
def test_types_that_cannot_fit_are_found_at_deploy(expression, reason):
    found = expressions.check_types(expression, TYPES, is_closed=True)
    assert [finding.reason for finding in found][:1] == [reason]


def test_open_set_of_variables_allows_other_names():
    assert expressions.check_types("m = 1", TYPES) == []


@pytest.mark.parametrize(("cell", "kind", "reasons"), [
    ('"a", "b"', "string", []), ("< 5", "string", ["unlike_types"]), ("-", "number", []), ('"x"', "number", ["unlike_types"]),
    ("[1..5]", "number", []), ("true", "boolean", []), ("not(1)", "boolean", ["unlike_types"]), ("<", "number", ["syntax"]),
    ("? > 5", "number", []), ("limit", "number", []),
])
def test_decision_cells_are_checked_against_the_type_of_their_input(cell, kind, reasons):
    assert [finding.reason for finding in expressions.check_unary_test(cell, kind, {})] == reasons


BOMBS = {
    "endless iteration": "for i in 1..1000000000 return i",
    "nested iteration": "for a in 1..5000, b in 1..5000, c in 1..5000 return a",
    "quantified range": "every x in 1..1000000000 satisfies x > 0",
    "range membership list": "count(for i in 1..100000000 return [i, i, i])",
    "regex": 'matches("' + "a" * 40 + '!", "^(a+)+$")',
    "regex in replace": 'replace("' + "a" * 40 + '!", "^(a|a)*$", "")',
    "huge string": "{d: function(d, s, n) if n = 0 then s else d(d, s + s, n - 1), r: d(d, \"x\", 40)}.r",
    "growing strings": 'count(for i in 1..100000 return string join(for j in 1..1000 return "xxxxxxxxxx"))',
    "deep brackets": "(" * 9_000 + "1" + ")" * 9_000,
    "deep lists": "[" * 9_000 + "]" * 9_000,
    "deep result": "{f: function(f, n) if n = 0 then [] else [f(f, n - 1)], r: f(f, 1300)}.r",
    "many terms": "+".join(["1"] * 9_000),
    "recursion": "{f: function(f, n) f(f, n + 1), r: f(f, 1)}.r",
    "partial growth": "for i in 1..1000000 return partial",
    "power tower": "9 ** 9 ** 9 ** 9 + (for i in 1..99999999 return 9 ** i)[1]",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_stopped_and_the_next_call_works(bomb):
    started = time.monotonic()
    facts = refusal(BOMBS[bomb])
    assert facts["reason"] in ("timeout", "memory", "too_large", "syntax"), facts["reason"]
    assert "—" not in "".join(explain(facts))
    assert time.monotonic() - started < 8
    assert give("a + 1", a=1) == 2


def test_a_bomb_in_one_thread_leaves_others_innocent():
    failures, stop = [], threading.Event()

    def innocent():
        while not stop.is_set():
            try:
                assert give("a * 2", a=21) == 42
            except ExpressionError as error:
                failures.append(error.facts)

    threads = [threading.Thread(target=innocent) for _ in range(2)]
    for thread in threads:
        thread.start()
    refused = refusal(BOMBS["endless iteration"])
    stop.set()
    for thread in threads:
        thread.join()
    assert refused["reason"] in ("timeout", "memory")
    assert failures == []


def test_a_forked_child_evaluates_and_both_end():
    program = (
        "import os, sys\nfrom datetime import datetime, UTC\nfrom engine import expressions as e\n"
        "now = datetime.now(UTC)\nassert e.evaluate('1 + 1', {}, now) == 2\n"
        "child = os.fork()\nassert e.evaluate('2 + 2', {}, now) == 4\n"
        "if child:\n    _, status = os.waitpid(child, 0)\n    sys.exit(status)\n"
        "sys.exit(0)\n")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=30,
                          check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_contexts_of_ended_threads_are_given_back():
    before = len(v8._process.contexts)
    for _ in range(3):
        thread = threading.Thread(target=give, args=("1 + 1",))
        thread.start()
        thread.join()
    assert len(v8._process.contexts) == before


def test_process_with_open_contexts_in_threads_ends():
    program = (
        "import threading\nfrom datetime import datetime, UTC\nfrom engine import expressions as e\n"
        "e.evaluate('1', {}, datetime.now(UTC))\nready = threading.Event()\n"
        "def work():\n    e.evaluate('1', {}, datetime.now(UTC)); ready.set(); threading.Event().wait()\n"
        "threading.Thread(target=work, daemon=True).start(); ready.wait()\n")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_first_calls_of_many_threads_at_one_moment_are_answered():
    program = (
        "import threading\nfrom datetime import datetime, UTC\nfrom engine import expressions as e\n"
        "e.configure(e.Limits(timeout_ms=60_000, second_timeout_ms=60_000))  # 96 threads on two cores: time is not the claim\n"
        "together, found = threading.Barrier(8), []\n"
        "def work():\n    together.wait(); found.append(e.evaluate('1 + 1', {}, datetime.now(UTC)))\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "for each in threads: each.start()\nfor each in threads: each.join()\nassert found == [2] * 8\n")
    started = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(12)]
    assert [(each.communicate(timeout=300)[1], each.returncode) for each in started] == [("", 0)] * 12


def test_close_is_harmless_and_the_next_call_opens_again():
    assert give("1 + 1") == 2
    expressions.close()
    expressions.close()
    assert give("1 + 1") == 2


def test_limits_can_be_set():
    try:
        expressions.configure(expressions.Limits(timeout_ms=20, second_timeout_ms=40))
        started = time.monotonic()
        assert refusal(BOMBS["endless iteration"])["reason"] in ("timeout", "memory")
        assert time.monotonic() - started < 1
    finally:
        expressions.configure(expressions.Limits())
