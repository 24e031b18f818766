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
