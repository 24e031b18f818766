"""Forms: the server refuses what form-js refuses, reads plain posts, and keeps types and money exact."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import forms
from engine.errors import InvalidForm

NOW = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
SHIPPED = sorted((Path(__file__).parents[2] / "bpmn" / "forms").glob("*.form"))


def form(*components):
    return {"type": "default", "id": "f", "schemaVersion": 19, "components": [
        {"id": f"c{n}", **component} for n, component in enumerate(components)]}


def field(kind, key="x", **more):
    return {"type": kind, "key": key, "label": key, "properties": {"label_en": key}, **more}


def lists(name):
    assert name == "parts"
    return [SimpleNamespace(value="P1"), SimpleNamespace(value="P2")]


def parse(schema, submitted, **variables):
    return forms.parse(schema, submitted, variables, NOW, lists)


def errors(schema, submitted, **variables):
    with pytest.raises(InvalidForm) as caught:
        parse(schema, submitted, **variables)
    for findings in caught.value.facts["errors"].values():
        for code, facts in findings:
            assert "—" not in forms.sentence(code, facts, "en") + forms.sentence(code, facts, "zh")
    return {key: [code for code, _ in findings] for key, findings in caught.value.facts["errors"].items()}


MONEY = field("number", properties={"money": "cents", "label_en": "x"})
CHOICES = [{"value": "a", "label": "A"}, {"value": 2, "label": "B"}]


@pytest.mark.parametrize(("component", "sent", "kept"), [
    (field("textfield"), "保修\t期", "保修 期"),
    (field("textarea"), "a\r\nb", "a\nb"),
    (field("number"), 3, 3), (field("number"), "3.50", 3.5), (field("number"), "", None), (field("number"), 2.0, 2),
    (field("number", serializeToString=True), "3.50", "3.50"),
    (field("number"), 1e-7, 1e-7),
    (MONEY, "1234.56", 123456), (MONEY, 0.29, 29), (MONEY, 1.1, 110), (MONEY, "-5", -500),
    (MONEY, 4503599627370.49, 450359962737049),
    (field("checkbox"), True, True), (field("checkbox"), "on", True), (field("checkbox"), "false", False),
    (field("radio", values=CHOICES), "a", "a"), (field("radio", values=CHOICES), "2", 2),
    (field("select", values=CHOICES), "", None),
    (field("select", valuesKey="parts"), "P2", "P2"),
    (field("select", valuesExpression="=for p in offered return p.id"), "P7", "P7"),
    (field("checklist", values=CHOICES), ["a", 2, "a"], ["a", 2]), (field("taglist", values=CHOICES), "2", [2]),
    (field("datetime", subtype="date"), "2026-02-28", "2026-02-28"), (field("datetime", subtype="date"), "", None),
    (field("datetime", subtype="time", timeSerializingFormat="no_timezone"), "08:30:00", "08:30"),
    (field("datetime", subtype="datetime", timeSerializingFormat="utc_offset"), "2026-01-01T08:30+02:00",
     "2026-01-01T08:30+02:00"),
    (field("datetime", subtype="datetime", timeSerializingFormat="utc_offset"), "2026-01-01T08:30", "2026-01-01T08:30+08:00"),
    (field("datetime", subtype="datetime", timeSerializingFormat="utc_normalized"), "2026-01-01T01:30", "2025-12-31T17:30Z"),
    (field("datetime", subtype="datetime", timeSerializingFormat="utc_normalized"), "2026-01-01T01:30Z", "2026-01-01T01:30Z"),
    (field("datetime", subtype="time", timeSerializingFormat="utc_normalized"), "01:30", "17:30Z"),
])
def test_a_value_is_read_as_its_type(component, sent, kept):
    found = parse(form(component), {"x": sent}, offered=[{"id": "P7"}])["x"]
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(("component", "sent", "code"), [
    (field("textfield"), 3, "not_text"), (field("textfield"), "a\0b", "invalid_character"),
    (field("textarea"), "x" * 20_001, "text_too_long"),
    (field("number"), "3,5", "not_a_number"), (field("number"), "NaN", "not_a_number"), (field("number"), True, "not_a_number"),
    (field("number"), "١", "not_a_number"), (field("number"), "1_000", "not_a_number"),
    (field("number"), "1e99", "number_too_large"),
    (field("number"), [1], "not_a_number"), (field("number"), "9" * 5000, "not_a_number"),
    (field("number"), float("inf"), "not_a_number"),
    (MONEY, "0.001", "too_many_decimals"), (MONEY, "1.005", "too_many_decimals"),
    (field("number", decimalDigits=0), 1.5, "not_an_integer"), (field("number", decimalDigits=1), "1.25", "too_many_decimals"),
    (field("number", increment=0.1), 0.35, "not_a_step"), (field("number", validate={"min": 1}), 0, "below_min"),
    (field("number", validate={"max": "10"}), 10.5, "above_max"), (field("number", validate={"max": "=limit"}), 6, "above_max"),
    (field("number", validate={"required": True}), "", "required"),
    (field("checkbox", validate={"required": True}), False, "required"),
    (field("checklist", values=CHOICES, validate={"required": True}), [], "required"),
    (field("textfield", validate={"required": True}), "", "required"),
    (field("textfield", validate={"required": True}), None, "required"),
    (field("textfield", validate={"minLength": 3}), " ab ", "too_short"),
    (field("textfield", validate={"maxLength": 2}), "abc", "too_long"),
    (field("textfield", validate={"pattern": "^\\d{3}\\-x$"}), "12-x", "pattern"),
    (field("textfield", validate={"validationType": "email"}), "a@b@c", "not_an_email"),
    (field("textfield", validate={"validationType": "phone"}), "0731", "not_a_phone"),
    (field("checkbox"), "perhaps", "not_a_boolean"), (field("checkbox"), 1, "not_a_boolean"),
    (field("radio", values=CHOICES), "c", "not_an_option"),
    (field("radio", values=[{"value": 1, "label": "x"}]), True, "not_an_option"),
    (field("select", valuesKey="parts"), "P3", "not_an_option"), (field("select", values=CHOICES), {"a": 1}, "not_an_option"),
    (field("checklist", values=CHOICES), ["a", "z"], "not_an_option"),
    (field("select", valuesExpression="=nothing.here"), "P7", "not_an_option"),
    (field("datetime", subtype="date"), "2026-02-30", "not_a_date"),
    (field("datetime", subtype="date"), "２０２６-01-01", "not_a_date"),
    (field("datetime", subtype="date"), "20260101", "not_a_date"), (field("datetime", subtype="date"), 5, "not_a_date"),
    (field("datetime", subtype="time"), "24:00", "not_a_time"),
    (field("datetime", subtype="datetime"), "2026-01-01", "not_a_date_time"),
    (field("datetime", subtype="datetime", timeSerializingFormat="no_timezone"), "2026-01-01T10:00Z", "wrong_zone"),
    (field("datetime", subtype="date", disallowPassedDates=True), "2026-11-23", "past_date"),
])
def test_a_value_that_does_not_fit_is_refused_with_its_reason(component, sent, code):
    assert errors(form(component), {"x": sent}, limit=5) == {"x": [code]}


def test_every_field_is_reported_at_once():
    schema = form(field("textfield", "a", validate={"required": True}), field("number", "b"), field("textfield", "c"))
    assert errors(schema, {"b": "x", "d": 1, "e": {"f": 2}}) == {
        "a": ["required"], "b": ["not_a_number"], "d": ["unknown_field"], "e": ["unknown_field"]}


def test_what_was_not_sent_is_empty_as_in_the_browser():
    schema = form(field("textfield", "a"), field("number", "b"), field("checkbox", "c", defaultValue=True),
                  field("checklist", "d"))
    assert parse(schema, {}) == {"a": "", "b": None, "c": False, "d": []}


HIDING = form(field("radio", "kind", values=["yes", "no"]),
              field("textfield", "why", validate={"required": True}, conditional={"hide": '=kind != "yes"'}),
              field("textfield", "more", validate={"required": True}, conditional={"hide": '=why != "x"'}))


def test_hidden_field_is_neither_required_nor_kept():
    assert parse(HIDING, {"kind": "no"}, why="x") == {"kind": "no"}
    assert parse(HIDING, {"kind": "no", "why": ""}) == {"kind": "no"}
    assert parse(HIDING, {"kind": "yes", "why": "y"}) == {"kind": "yes", "why": "y"}


def test_hidden_field_cannot_be_filled_in():
    assert errors(HIDING, {"kind": "no", "why": "made up"}) == {"why": ["hidden_field"]}


def test_shown_field_is_required():
    assert errors(HIDING, {"kind": "yes"}) == {"why": ["required"]}
    assert errors(HIDING, {"kind": "yes", "why": "x"}) == {"more": ["required"]}


@pytest.mark.parametrize("condition", ["=unknown_name = 1", "=kind.deep.path", "=1 +"])
def test_condition_that_gives_nothing_hides_nothing(condition):
    schema = form(field("textfield", validate={"required": True}, conditional={"hide": condition}))
    assert errors(schema, {}) == {"x": ["required"]}


def test_condition_on_money_sees_yuan():
    schema = form(MONEY, field("textfield", "why", conditional={"hide": "=x < 1000"}, validate={"required": True}))
    assert parse(schema, {"x": "999.99"}) == {"x": 99999}
    assert errors(schema, {"x": "1000"}) == {"why": ["required"]}


def test_disabled_and_readonly_fields_keep_what_they_had():
    schema = form(field("textfield", "a", disabled=True, validate={"required": True}), field("number", "b", readonly=True))
    assert parse(schema, {"b": 5}, b=5) == {}
    assert errors(schema, {"a": "new", "b": 6}, b=5) == {"a": ["disabled_field"], "b": ["readonly_field"]}


GROUPED = form({"type": "group", "path": "order", "label": "g", "conditional": {"hide": "=skip"}, "components": [
    field("number", "price", validate={"required": True}, properties={"money": "cents"}), field("textfield", "customer.name")]},
    field("checkbox", "skip"))


def test_groups_with_a_path_nest_their_values():
    assert parse(GROUPED, {"order": {"price": 2, "customer": {"name": "n"}}}) == {
        "order": {"price": 200, "customer": {"name": "n"}}, "skip": False}
    assert parse(GROUPED, {"order.price": "2", "order.customer.name": "n"})["order"]["price"] == 200
    assert errors(GROUPED, {"order": {"price": 1, "cost": 2}}) == {"order.cost": ["unknown_field"]}


def test_hidden_group_hides_its_fields():
    assert parse(GROUPED, {"skip": True}) == {"skip": True}


ROWS = form(field("number", "limit"), {"type": "dynamiclist", "path": "parts", "label": "l", "components": [
    field("select", "part", valuesKey="parts", validate={"required": True}),
    field("number", "count", decimalDigits=0, validate={"min": 1, "max": "=limit"}),
    field("number", "price", properties={"money": "cents"}),
    field("textfield", "why", conditional={"hide": "=this.count < 3"}, validate={"required": True, "pattern": "^[a-z]+$"})]})


def test_dynamic_list_gives_typed_rows():
    given_rows = [{"part": "P1", "count": "2", "price": "1.50"}, {"part": "P2", "count": 3, "why": "x"}]
    assert parse(ROWS, {"limit": 9, "parts": given_rows}) == {"limit": 9, "parts": [
        {"part": "P1", "count": 2, "price": 150}, {"part": "P2", "count": 3, "price": None, "why": "x"}]}
    assert parse(ROWS, {"limit": 9}) == {"limit": 9, "parts": []}


def test_dynamic_list_names_the_row_that_is_wrong():
    given_rows = [{"part": "P1", "count": 5}, {"part": "P9", "count": 3, "why": "1", "extra": 1}]
    assert errors(ROWS, {"limit": 4, "parts": given_rows}) == {
        "parts[1].why": ["required"], "parts[1].count": ["above_max"],
        "parts[2].part": ["not_an_option"], "parts[2].why": ["pattern"], "parts[2].extra": ["unknown_field"]}


@pytest.mark.parametrize("rows", ["x", {"0": {}}, [1], [[]]])
def test_dynamic_list_takes_rows_only(rows):
    assert set(errors(ROWS, {"limit": 4, "parts": rows})) & {"parts", "parts.0"}


def test_rows_are_limited_and_fixed_where_the_form_says_so():
    assert errors(ROWS, {"parts": [{}] * 201}) == {"parts": ["too_many_rows"]}
    fixed = form({"type": "dynamiclist", "path": "l", "allowAddRemove": False, "defaultRepetitions": 2, "components": [
        field("textfield", "a")]})
    assert errors(fixed, {"l": [{"a": "x"}]}) == {"l": ["wrong_row_count"]}
    assert parse(fixed, {"l": [{"a": "x"}] * 3}, l=[{}] * 3) == {"l": [{"a": "x"}] * 3}


def test_to_screen_shows_yuan_and_changes_nothing():
    variables = {"x": 123456, "order": {"price": 5}, "parts": [{"price": 150}], "other": 1}
    before = json.dumps(variables)
    schema = form(MONEY, *GROUPED["components"], *ROWS["components"])
    assert forms.to_screen(schema, variables) == {"x": 1234.56, "order": {"price": 0.05}, "parts": [{"price": 1.5}], "other": 1}
    assert json.dumps(variables) == before


@given(st.integers(-10**14, 10**14))
def test_money_survives_screen_and_back(cents):
    schema = form(MONEY)
    shown = json.loads(json.dumps(forms.to_screen(schema, {"x": cents})))
    assert parse(schema, shown) == {"x": cents}


def test_localise_gives_english_beside():
    schema = form(field("radio", label="结果", properties={"label_en": "Result", "description_en": "d"},
                        values=[{"value": "a", "label": "甲", "label_en": "A"}]),
                  {"type": "text", "text": "中", "properties": {"text_en": "en"}},
                  {"type": "group", "label": "组", "properties": {"label_en": "Group"}, "components": [
                      {"type": "datetime", "key": "d", "label": "", "dateLabel": "日期", "properties": {"label_en": "Date"}}]})
    english = forms.localise(schema, "en")["components"]
    assert (english[0]["label"], english[0]["description"], english[0]["values"][0]["label"]) == ("Result", "d", "A")
    assert english[1]["text"] == "en"
    assert (english[2]["label"], english[2]["components"][0]["dateLabel"]) == ("Group", "Date")
    assert forms.localise(schema, "zh") == schema


def test_field_types_for_the_deploy_gate():
    assert forms.field_types(GROUPED) == {"order": {"price": "number", "customer": {"name": "string"}}, "skip": "boolean"}
    schema = form(field("select", values=["a"]), field("select", "y", valuesKey="parts"), field("datetime", "d"),
                  field("taglist", "t"))
    assert forms.field_types(schema) == {"x": "string", "y": "unknown", "d": "date", "t": "list"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_forms_have_no_problem(path):
    assert [problem.en for problem in forms.check_schema(json.loads(path.read_text(encoding="utf-8")), path.name)] == []


@pytest.mark.parametrize(("component", "code"), [
    ({"type": "html", "content": "x"}, "form_component_unsupported"),
    ({"type": "filepicker", "key": "a"}, "form_component_unsupported"),
    ({"type": "iframe"}, "form_component_unsupported"), ("text", "form_malformed"), ({"type": "group"}, "form_malformed"),
    ({"type": "textfield", "label": "a", "properties": {"label_en": "a"}}, "form_key_invalid"),
    (field("textfield", "a-b"), "form_key_invalid"),
    (field("textfield", "1a"), "form_key_invalid"), (field("textfield", "if"), "form_key_invalid"),
    (field("textfield", "a..b"), "form_key_invalid"),
    (field("textfield", "taken"), "form_key_twice"), (field("textfield", "taken.inner"), "form_key_twice"),
    (field("select"), "form_options_missing"), (field("radio", values=[{"label": "x"}]), "form_option_invalid"),
    (field("radio", values=["a", "a"]), "form_option_invalid"), (field("select", valuesExpression="a"), "form_rule_invalid"),
    (field("number", validate={"min": "x"}), "form_rule_invalid"),
    (field("number", validate={"min": "=1 +"}), "form_feel_invalid"),
    (field("number", decimalDigits=-1), "form_rule_invalid"), (field("number", increment=0), "form_rule_invalid"),
    (field("number", properties={"money": "yuan", "label_en": "x"}), "form_rule_invalid"),
    (field("textfield", validate={"pattern": "("}), "form_rule_invalid"), (field("textfield", validate=[1]), "form_rule_invalid"),
    (field("textfield", validate={"validationType": "iban"}), "form_rule_invalid"),
    (field("datetime", subtype="week"), "form_rule_invalid"), (field("datetime", timeSerializingFormat="x"), "form_rule_invalid"),
    (field("textfield", conditional={"hide": "=a b c ="}), "form_feel_invalid"),
    (field("textfield", conditional={"hide": "a = 1"}), "form_rule_invalid"),
    (field("textfield", conditional={"hide": "=a == 1"}), "form_feel_invalid"),
    ({"type": "textfield", "key": "x"}, "form_label_missing"),
    ({"type": "textfield", "key": "x", "label": "中"}, "form_english_missing"),
])
def test_schema_that_we_could_not_honour_is_refused(component, code):
    schema = {"components": [field("textfield", "taken"), component]}
    found = forms.check_schema(schema, "f.form")
    assert [problem.code for problem in found] == [code]
    assert "f.form" in found[0].zh
    assert "f.form" in found[0].en
    assert "None" not in found[0].zh + found[0].en
    assert "—" not in found[0].en.replace("“—”", "") or component == "text"
    assert re.search("[\u4e00-\u9fff]", found[0].zh)


def test_id_that_stands_twice_is_refused_in_a_list_too():
    rows = [{"type": "dynamiclist", "path": path, "components": [field("number", "x", id="same")]} for path in ("a", "b")]
    (found,) = forms.check_schema({"components": rows}, "f.form")
    assert (found.code, found.field) == ("form_id_twice", "same")


@pytest.mark.parametrize("schema", [None, [], "x", {}, {"components": {}}, {"components": None}])
def test_what_is_no_schema_is_refused(schema):
    assert [problem.code for problem in forms.check_schema(schema, "f.form")] == ["form_malformed"]


NAMES = ["x", "parts", "order", "limit", "why"]
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner))
ANY = form(field("textfield"), field("number", "limit"), field("checklist", "why", values=CHOICES), *ROWS["components"][1:],
           {"type": "group", "path": "order", "components": [field("datetime", "at", subtype="datetime")]})


@given(st.dictionaries(st.sampled_from(["x", "parts", "order", "limit", "why", "z"]), JSON))
def test_any_submission_gives_values_or_findings(submitted):
    with suppress(InvalidForm):
        assert json.dumps(parse(ANY, submitted), allow_nan=False)
