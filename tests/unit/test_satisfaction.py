"""The satisfaction figure S of 5.1.17 n4: worked examples, and what must hold of every survey."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidValue
from handlers import satisfaction
from handlers.company_settings import DEFAULTS

SCALE = satisfaction.scale(DEFAULTS)
ZERO = satisfaction.scale({**DEFAULTS, "survey.did_not_attend": "zero"})
ANSWER = st.sampled_from([*satisfaction.ANSWERS, None])
FORM = st.fixed_dictionaries({q: ANSWER if q != 6 else st.sampled_from([*satisfaction.ANSWERS, satisfaction.DID_NOT_ATTEND, None])
                              for q in range(2, 9)})
FORMS = st.lists(FORM, max_size=12)


def form(answer="satisfied", **others):
    return dict.fromkeys(range(2, 9), answer) | {int(q[1:]): a for q, a in others.items()}


def test_weights_are_those_of_the_clause_and_sum_to_one():
    assert [SCALE.weights[q] for q in range(1, 9)] == [Fraction(n, 100) for n in (0, 15, 15, 15, 20, 10, 10, 15)]
    assert sum(SCALE.weights.values()) == 1


def test_all_satisfied_is_one_hundred_per_cent():
    assert satisfaction.satisfaction([form()], SCALE) == 1


def test_worked_example_of_two_forms():
    first = {2: "satisfied", 3: "fairly", 4: "average", 5: "satisfied", 6: "did_not_attend", 7: "dissatisfied", 8: "fairly"}
    second = {2: "fairly", 3: "fairly", 4: "satisfied", 5: "average", 6: "satisfied", 7: "average", 8: None}
    # s2 0.9, s3 0.8, s4 0.8, s5 0.8, s6 1 (one form), s7 0.3, s8 0.8 (one form)
    expected = Fraction("0.15") * (Fraction("0.9") + Fraction("0.8") * 3) + Fraction("0.2") * Fraction("0.8")
    expected += Fraction("0.1") * 1 + Fraction("0.1") * Fraction("0.3")
    assert satisfaction.satisfaction([first, second], SCALE) == expected == Fraction("0.785")
    assert satisfaction.classify(expected, SCALE) == "fairly"


def test_did_not_attend_is_left_out_by_default_and_nought_by_choice():
    answers = form(q6="did_not_attend")
    assert satisfaction.satisfaction([answers], SCALE) == 1
    assert satisfaction.satisfaction([answers], ZERO) == Fraction("0.9")


def test_unanswered_question_takes_its_weight_with_it():
    only_two = {5: "satisfied", 2: "dissatisfied"}
    assert satisfaction.satisfaction([only_two], SCALE) == Fraction("0.2") / Fraction("0.35")


def test_figure_is_not_rounded():
    thirds = [form("satisfied"), form("satisfied"), form("dissatisfied")]
    assert satisfaction.satisfaction(thirds, SCALE) == Fraction(2, 3)


def test_no_answer_gives_no_figure():
    assert satisfaction.satisfaction([], SCALE) is None
    assert satisfaction.figure([{5: None}], SCALE).name is None


@pytest.mark.parametrize(("s", "name"), [
    ("1", "satisfied"), ("0.85", "satisfied"), ("0.8499999999", "fairly"), ("0.7", "fairly"), ("0.6999999999", "average"),
    ("0.6", "average"), ("0.5999999999", "dissatisfied"), ("0", "dissatisfied")])
def test_bound_belongs_to_the_higher_class(s, name):
    assert satisfaction.classify(Fraction(s), SCALE) == name


def test_exactly_85_per_cent_is_not_lost_to_binary_arithmetic():
    on_the_bound = [form("satisfied"), form("satisfied"), form("fairly"), form("average")]
    assert satisfaction.satisfaction(on_the_bound, SCALE) == Fraction("0.85")
    assert satisfaction.figure(on_the_bound, SCALE).name == "satisfied"


def test_form_with_several_products_counts_for_each():
    found = satisfaction.by_product([(["pin_pad", "hccpr2"], form()), (["pin_pad"], form("dissatisfied"))], SCALE)
    assert {p: (f.s, f.forms) for p, f in found.items()} == {"hccpr2": (1, 1), "pin_pad": (Fraction(1, 2), 2)}


@pytest.mark.parametrize(("returned", "handed_out", "valid"), [
    (17, 20, True), (16, 20, False), (84, 99, False), (85, 100, True), (0, 1, False)])
def test_85_per_cent_returned_is_valid(returned, handed_out, valid):
    assert satisfaction.is_valid_response(returned, handed_out, SCALE) is valid


def test_survey_of_no_forms_is_refused():
    with pytest.raises(InvalidValue):
        satisfaction.is_valid_response(0, 0, SCALE)


@pytest.mark.parametrize("change", [{"survey.weights": {"1": 0, "2": -1}}, {"survey.weights": {"1": 0}},
                                    {"survey.scores": {"satisfied": 2}}, {"survey.did_not_attend": "maybe"}])
def test_unusable_settings_are_refused(change):
    with pytest.raises(InvalidValue):
        satisfaction.scale({**DEFAULTS, **change})


@given(FORMS)
def test_s_lies_between_the_lowest_and_the_highest_question(forms):
    s, means = satisfaction.satisfaction(forms, SCALE), satisfaction.means(forms, SCALE)
    assert (s is None) == (not means)
    if s is not None:
        assert min(means.values()) <= s <= max(means.values())


@given(FORMS, st.randoms())
def test_order_of_the_forms_does_not_matter(forms, random):
    shuffled = list(forms)
    random.shuffle(shuffled)
    assert satisfaction.satisfaction(shuffled, SCALE) == satisfaction.satisfaction(forms, SCALE)


@given(FORMS)
def test_each_form_twice_changes_nothing(forms):
    assert satisfaction.satisfaction(forms * 2, SCALE) == satisfaction.satisfaction(forms, SCALE)


@given(FORMS)
def test_counting_absence_as_nought_never_raises_s_where_others_attended(forms):
    left_out, nought = satisfaction.means(forms, SCALE).get(6), satisfaction.means(forms, ZERO).get(6)
    if left_out is not None:
        assert nought is not None
        assert nought <= left_out


@given(FORMS, st.integers(2, 8))
def test_better_answer_never_lowers_s_where_the_question_was_answered(forms, question):
    answered = [f for f in forms if f[question] in satisfaction.ANSWERS]
    before = satisfaction.satisfaction(answered, SCALE)
    after = satisfaction.satisfaction([f | {question: "satisfied"} for f in answered], SCALE)
    if before is not None:
        assert after is not None
        assert after >= before


@given(FORMS)
def test_overall_class_is_the_class_of_s(forms):
    found = satisfaction.figure(forms, SCALE)
    if found.s is not None:
        assert found.name == satisfaction.classify(found.s, SCALE)
        assert satisfaction.percent(found.s) == pytest.approx(float(found.s) * 100)
