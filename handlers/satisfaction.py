"""The satisfaction figure S of clause 5.1.17 n4, exact and unrounded. Pure.

s_i is the mean score of the forms that answer question i; S = Σ λ_i·s_i ÷ Σ λ_i over the answered questions. Scores and
weights are read as the decimals they are written as, so that a form that stands exactly on a bound is in the higher class.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from engine.errors import InvalidValue

QUESTIONS = range(1, 9)
ANSWERS = ("satisfied", "fairly", "average", "dissatisfied")
DID_NOT_ATTEND = "did_not_attend"
CLASSES = ("satisfied", "fairly", "average", "dissatisfied")
PER_CENT = 100

Answers = Mapping[int, str | None]
"""One form: question number → answer, None or absent where it was left blank."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How answers become a figure: λ by question, score by answer, lower bound by class, and the least valid response."""

    weights: Mapping[int, Fraction]
    scores: Mapping[str, Fraction]
    bounds: Mapping[str, Fraction]
    valid_response: Fraction


@dataclass(frozen=True, slots=True)
class Figure:
    """S with its class and what it was computed from; `s` is None where no weighted question was answered."""

    s: Fraction | None
    name: str | None
    forms: int
    means: Mapping[int, Fraction]


def scale(settings: Mapping[str, Any]) -> Scale:
    """The scale of the settings `survey.…`. `InvalidValue` for weights or scores that cannot be used."""
    weights = {int(q): exact(value) for q, value in settings["survey.weights"].items()}
    scores = {answer: exact(value) for answer, value in settings["survey.scores"].items()}
    attending = settings["survey.did_not_attend"]
    if attending == "zero":
        scores[DID_NOT_ATTEND] = Fraction(0)
    elif attending != "left_out":
        raise InvalidValue("did_not_attend", field="survey.did_not_attend", value=attending)
    if min(weights.values()) < 0 or not sum(weights.values()):
        raise InvalidValue("weights", field="survey.weights", value=settings["survey.weights"])
    if not all(0 <= score <= 1 for score in scores.values()):
        raise InvalidValue("scores", field="survey.scores", value=settings["survey.scores"])
    bounds = {name: exact(value) for name, value in settings["survey.bounds"].items()}
    return Scale(weights, scores, bounds, exact(settings["survey.valid_response"]))


def exact(value: float | str) -> Fraction:
    """The decimal that was written: 0.15 is 3/20, not the nearest binary number."""
    return Fraction(str(value))


def means(forms: Collection[Answers], by: Scale) -> dict[int, Fraction]:
    """s_i of every question that some form answers with an answer that counts."""
    found = {}
    for question in QUESTIONS:
        scores = [by.scores[answer] for form in forms if (answer := form.get(question) or "") in by.scores]
        if scores:
            found[question] = sum(scores, Fraction(0)) / len(scores)
    return found


def satisfaction(forms: Collection[Answers], by: Scale) -> Fraction | None:
    """S between 0 and 1; None where no form answers a question that has weight."""
    found = {q: s for q, s in means(forms, by).items() if by.weights.get(q)}
    weight = sum((by.weights[q] for q in found), Fraction(0))
    return sum((by.weights[q] * s for q, s in found.items()), Fraction(0)) / weight if found else None


def classify(s: Fraction, by: Scale) -> str:
    """The class of S (5.1.17 n4d): the highest whose bound it reaches."""
    return next((name for name in CLASSES if name in by.bounds and s >= by.bounds[name]), CLASSES[-1])


def figure(forms: Collection[Answers], by: Scale) -> Figure:
    """S of these forms with its class."""
    s = satisfaction(forms, by)
    return Figure(s, None if s is None else classify(s, by), len(forms), means(forms, by))


def by_product(forms: Sequence[tuple[Collection[str], Answers]], by: Scale) -> dict[str, Figure]:
    """S for each product; a form that names several counts for each of them."""
    products = sorted({product for named, _ in forms for product in named})
    return {product: figure([answers for named, answers in forms if product in named], by) for product in products}


def is_valid_response(returned: int, handed_out: int, by: Scale) -> bool:
    """Whether the response rate reaches the least valid one (5.1.17 n4a). `InvalidValue` if nothing was handed out."""
    if handed_out < 1:
        raise InvalidValue("handed_out", field="handed_out", value=handed_out)
    return Fraction(returned, handed_out) >= by.valid_response


def percent(value: Fraction | None) -> float | None:
    """A share as a percentage, for people and JSON; nothing is rounded but to the nearest binary number."""
    return None if value is None else float(value * PER_CENT)
