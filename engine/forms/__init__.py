"""Forms: form-js JSON (schema of form-js-viewer 2.0) and the values that people submit. Pure.

`fields` reads a schema, `called` its name, `check_schema` is its part of the deploy gate, `parse` turns submitted values into
typed variables by the same rules as the browser, `to_screen` the other way round, `localise` gives the schema in the reader's
language.
"""

from engine.forms.fields import Choice, Field, called, field_types, fields, localise
from engine.forms.messages import sentence
from engine.forms.parsing import parse
from engine.forms.schema import check_schema
from engine.forms.values import to_screen

__all__ = ["Choice", "Field", "called", "check_schema", "field_types", "fields", "localise", "parse", "sentence", "to_screen"]
