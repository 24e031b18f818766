"""`canonical.dumps` is RFC 8785 to the byte, whichever way it takes."""

from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from engine import canonical
from engine.errors import InvalidValue

ODD = '"\\/\x00\x1f\x7f\u2028\ue000\uffff\U0001f600a'
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from(ODD))
NUMBERS = st.integers(-canonical.SAFE + 1, canonical.SAFE - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(st.none() | st.booleans() | NUMBERS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


class Colour(StrEnum):
    """A text that is more than a text."""

    RED = "red"


class Size(IntEnum):
    """A number that is more than a number."""

    SMALL = 1


@given(VALUES)
@example({"\U0001f600": 1, "\uffff": 2})
@example({"b": (1, {"a": -0.0}), "a": [Colour.RED, Size.SMALL, True, None]})
def test_the_text_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical.dumps(value).encode() == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert canonical.dumps(canonical.loads(canonical.dumps(value))) == canonical.dumps(value)


def deep(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize("value", [
    canonical.SAFE, -canonical.SAFE, float("nan"), float("inf"), "\ud800", {"\udfff": 1}, ["\ud83d\ude00", "好"], {1: 2},
    {None: 1}, {1, 2}, b"bytes", deep(100_000),
], ids=lambda value: type(value).__name__)
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValue, match="not_json"):
        canonical.dumps(value)


def test_a_value_inside_itself_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(InvalidValue, match="not_json"):
        canonical.dumps(circle)
