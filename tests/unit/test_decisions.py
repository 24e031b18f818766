"""Decision tables: each hit policy, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine import decisions
from engine.errors import ExpressionError, InvalidValue

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def table(*rules: tuple[str, str], policy: str = "UNIQUE", more: str = "", kind: str = "string") -> bytes:
    """A table of one input and one output `level`."""
    rows = "".join(
        f'<rule id="r{i}"><inputEntry id="i{i}"><text>{test}</text></inputEntry>'
        f'<outputEntry id="o{i}"><text>{result}</text></outputEntry></rule>' for i, (test, result) in enumerate(rules))
    return (f'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
            f'<decision id="level" name="Level"><decisionTable id="t" hitPolicy="{policy}" {more}>'
            f'<input id="a"><inputExpression id="b" typeRef="number"><text>amount</text></inputExpression></input>'
            f'<output id="c" name="level" typeRef="{kind}"/>{rows}</decisionTable></decision></definitions>').encode()


def decide(data: bytes, amount: Any) -> Any:
    """What the table says of an amount."""
    return decisions.evaluate(decisions.parse(data, "level.dmn")[0], {"amount": amount}, NOW)


LEVELS = (("&lt; 10", '"low"'), ("[10..100]", '"middle"'), ("&gt; 100", '"high"'))


@pytest.mark.parametrize(("amount", "level"), [(9, "low"), (10, "middle"), (100, "middle"), (101, "high")])
def test_a_unique_table_says_the_one_rule_that_fits(amount: int, level: str) -> None:
    assert decide(table(*LEVELS), amount) == {"level": level}


def test_a_unique_table_refuses_two_rules_that_fit() -> None:
    with pytest.raises(InvalidValue) as refused:
        decide(table(("&lt; 10", '"a"'), ("&lt; 20", '"b"')), 5)
    assert refused.value.facts["value"] == ["r0", "r1"]


def test_no_rule_that_fits_is_nothing() -> None:
    assert decide(table(("&lt; 10", '"a"')), 50) is None


def test_a_first_table_takes_the_first_rule() -> None:
    assert decide(table(("&lt; 10", '"a"'), ("-", '"b"'), policy="FIRST"), 5) == {"level": "a"}


def test_an_any_table_wants_rules_that_agree() -> None:
    assert decide(table(("&lt; 10", '"a"'), ("-", '"a"'), policy="ANY"), 5) == {"level": "a"}
    with pytest.raises(InvalidValue):
        decide(table(("&lt; 10", '"a"'), ("-", '"b"'), policy="ANY"), 5)


def test_rule_order_and_collect_give_every_rule_in_order() -> None:
    for policy in ("RULE ORDER", "COLLECT"):
        assert decide(table(("&lt; 10", '"a"'), ("-", '"b"'), policy=policy), 5) == [{"level": "a"}, {"level": "b"}]


@pytest.mark.parametrize(("how", "value"), [("SUM", 5), ("MIN", 2), ("MAX", 3), ("COUNT", 2)])
def test_collect_aggregates(how: str, value: int) -> None:
    data = table(("&lt; 10", "2"), ("-", "3"), ("&gt; 10", "9"), policy="COLLECT", more=f'aggregation="{how}"', kind="number")
    assert decide(data, 5) == {"level": value}


def test_a_result_of_another_type_is_refused_by_name() -> None:
    with pytest.raises(InvalidValue) as refused:
        decide(table(("-", "3")), 5)
    assert (refused.value.facts["field"], refused.value.facts["rule"]) == ("level", "r0")


def test_an_expression_that_cannot_be_read_names_file_and_table() -> None:
    with pytest.raises(ExpressionError) as refused:
        decisions.parse(table(("&lt; ]", '"a"')), "level.dmn")
    assert (refused.value.facts["file"], refused.value.facts["element"]) == ("level.dmn", "level")


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(ExpressionError):
        decisions.evaluate(decisions.parse(table(*LEVELS), "level.dmn")[0], {}, NOW)


@pytest.mark.parametrize("data", [
    b"<definitions/>", table(*LEVELS, policy="PRIORITY"), table(*LEVELS, policy="FIRST", more='aggregation="SUM"'),
    table(*LEVELS).replace(b"decisionTable", b"literalExpression"),
    table(*LEVELS).replace(b'<outputEntry id="o1"><text>"middle"</text></outputEntry>', b""),
])
def test_what_is_not_a_whole_table_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue) as refused:
        decisions.parse(data, "level.dmn")
    assert refused.value.facts["file"] == "level.dmn"


def dates(*rules: tuple[str, str]) -> bytes:
    """A table whose input is a date."""
    data = table(*rules).replace(b"<text>amount</text>", b"<text>date(amount)</text>")
    return data.replace(b'typeRef="number"', b'typeRef="date"')


def test_an_input_that_is_a_date_stays_one() -> None:
    data = dates(('&lt; date("2026-01-01")', '"old"'), ('[date("2026-01-01")..today()]', '"new"'))
    assert decide(data, "2025-12-31") == {"level": "old"}
    assert decide(data, "2026-03-02") == {"level": "new"}
    assert decide(data, "2026-03-03") is None


def test_a_default_is_taken_where_no_rule_fits() -> None:
    data = table(("&lt; 10", '"a"')).replace(b'name="level" typeRef="string"/>', b'name="level" typeRef="string">'
                                             b"<defaultOutputEntry><text>\"none\"</text></defaultOutputEntry></output>")
    assert decide(data, 50) == {"level": "none"}
    assert decide(data, 5) == {"level": "a"}


@pytest.mark.parametrize(("rules", "rule"), [
    ((("-", '"a"'), ("&lt; limit", '"b"')), "r1"), ((("-", '"a" + missing'),), "r0"),
])
def test_an_expression_that_fails_names_table_and_rule(rules: tuple[tuple[str, str], ...], rule: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        decide(table(*rules), 5)
    assert (refused.value.facts["element"], refused.value.facts["rule"]) == ("level", rule)
    assert refused.value.facts["reason"] == "unknown_name"


def test_an_input_that_fails_names_its_table() -> None:
    with pytest.raises(ExpressionError) as refused:
        decide(table(("-", '"a"')).replace(b"<text>amount</text>", b"<text>other</text>"), 5)
    assert (refused.value.facts["element"], refused.value.facts["expression"]) == ("level", "other")


@pytest.mark.parametrize(("old", "new", "code"), [
    (b"<text>amount</text>", b"<text expressionLanguage='juel'>amount</text>", "decision_language"),
    (b"<decisionTable", b"<informationRequirement id='q'><requiredDecision href='#x'/></informationRequirement><decisionTable",
     "decision_requirement"),
    (b'<text>"low"</text>', b"<text>1</text>", "decision_type"),
])
def test_what_is_not_executed_is_refused_when_deployed(old: bytes, new: bytes, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        decisions.parse(table(*LEVELS).replace(old, new, 1), "level.dmn")
    assert (refused.value.code, refused.value.facts["element"]) == (code, "level")


def test_a_test_that_can_never_be_true_is_refused_when_deployed() -> None:
    with pytest.raises(ExpressionError) as refused:
        decisions.parse(table(("&lt; 5", '"a"'), ('"x"', '"b"')), "level.dmn")
    assert (refused.value.facts["rule"], refused.value.facts["reason"]) == ("r1", "unlike_types")


def test_a_null_input_fits_only_what_allows_it() -> None:
    assert decide(table(("&lt; 5", '"a"'), ("null", '"none"'), ("&gt; 5", '"b"')), None) == {"level": "none"}
