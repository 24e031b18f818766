"""Variables by scope: reads walk up, writes find their place, a called process is a world of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import canonical
from engine.errors import InvalidValue, LimitExceeded
from engine.variables import ROOT, ScopedVariables, Stored


def nested() -> ScopedVariables:
    """The process, a sub-process 5 in it, and a called process 7 in that one."""
    variables = ScopedVariables()
    variables.open(5, ROOT, is_barrier=False)
    variables.open(7, 5, is_barrier=True)
    return variables


def test_a_read_walks_up_to_the_process() -> None:
    variables = nested()
    variables.put(ROOT, "customer", "王五")
    assert variables.read(5, ["customer"]) == {"customer": "王五"}


def test_a_called_process_does_not_see_its_caller() -> None:
    variables = nested()
    variables.put(ROOT, "customer", "王五")
    assert variables.read(7, ["customer"]) == {}


def test_a_write_goes_where_the_name_lives() -> None:
    variables = nested()
    variables.put(5, "price", 1)
    variables.write(5, "price", 2)
    assert variables.local(5) == {"price": 2}
    assert variables.local(ROOT) == {}


def test_a_new_name_goes_to_the_process_scope() -> None:
    variables = nested()
    variables.write(5, "price", 2)
    assert variables.local(ROOT) == {"price": 2}


def test_a_new_name_in_a_called_process_stays_in_it() -> None:
    variables = nested()
    variables.write(7, "price", 2)
    assert (variables.local(7), variables.local(ROOT)) == ({"price": 2}, {})


def test_an_unchanged_value_is_not_written_again() -> None:
    text = canonical.dumps({"a": 1})
    variables = ScopedVariables({(ROOT, "x"): Stored(text, canonical.digest(text), len(text))})
    variables.write(ROOT, "x", {"a": 1})
    assert variables.changed == {}


def test_variables_die_with_their_scope() -> None:
    variables = nested()
    variables.put(5, "price", 1)
    variables.keep_only({ROOT})
    assert (variables.visible(ROOT), variables.removed) == ({}, [(5, "price")])


def test_a_long_value_is_fetched_only_when_read() -> None:
    fetched: list[object] = []
    variables = ScopedVariables(
        {(ROOT, "long"): Stored(None, "d", 9_000), (ROOT, "short"): Stored("1", "d", 1)},
        fetch=lambda keys: fetched.append(list(keys)) or dict.fromkeys(keys, '"text"'))
    assert (variables.read(ROOT, ["short"]), fetched) == ({"short": 1}, [])
    assert (variables.read(ROOT, ["long"]), fetched) == ({"long": "text"}, [[(ROOT, "long")]])


def test_too_much_data_is_refused_by_name() -> None:
    variables = ScopedVariables(limit=100)
    with pytest.raises(LimitExceeded) as refused:
        variables.write(ROOT, "photo", "x" * 200)
    assert refused.value.facts["name"] == "photo"
    assert variables.visible(ROOT) == {}


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidValue):
        ScopedVariables().write(ROOT, "x", float("nan"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2**53 + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4), max_leaves=10)


@given(json_values)
def test_what_is_written_is_read_back(value: object) -> None:
    variables = ScopedVariables()
    variables.write(ROOT, "x", value)
    assert variables.read(ROOT, ["x"]) == {"x": value}


@given(json_values)
def test_equal_values_have_equal_text(value: object) -> None:
    text = canonical.dumps(value)
    assert canonical.dumps(canonical.loads(text)) == text
