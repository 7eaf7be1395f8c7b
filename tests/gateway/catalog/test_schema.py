"""The schema is the field table's, and refuses nothing that the rows accept."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import StoreSettings
from gateway.catalog import FIELDS, RowMode, decode_json, parse_rows, schema

SETTINGS = StoreSettings("shop", "EUR", "Europe/Zagreb", "hr-HR", "hr", 1, False, None, True)
VALIDATORS = {mode: jsonschema_rs.validator_for(schema(mode)) for mode in RowMode}


def is_accepted(row: object, mode: RowMode) -> bool:
    rows: Any = decode_json(json.dumps([row]))
    return not parse_rows(rows, settings=SETTINGS, field_map=None, mode=mode, is_known=lambda _: True).errors


@pytest.mark.parametrize("mode", RowMode)
def test_the_schema_names_every_field_of_the_table_with_its_sentence_and_its_example(mode: RowMode) -> None:
    described: Any = schema(mode)
    assert list(described["properties"]) == [spec.name for spec in FIELDS]
    for spec in FIELDS:
        assert described["properties"][spec.name]["description"].startswith(spec.description)
    for example in described["examples"]:
        VALIDATORS[mode].validate(example)
        assert is_accepted(example, mode)


def test_the_schema_says_what_happens_to_other_fields() -> None:
    assert all(schema(mode)["additionalProperties"] is True for mode in RowMode)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 10**8)
    | st.floats(0, 10, allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(["1.29", "1,29", "EUR", "2025-07-03", "2025-07-03T06:00+02:00", "true", "4006381333931", " 5 "])
    | st.lists(st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=2)
)


@given(st.dictionaries(st.sampled_from([spec.name for spec in FIELDS]), VALUES, max_size=3), st.sampled_from(RowMode))
def test_what_the_schema_refuses_the_rows_refuse(row: dict[str, object], mode: RowMode) -> None:
    row = {"barcode": "a", "name": "N", "price": "1.00"} | row
    assert VALIDATORS[mode].is_valid(row) or not is_accepted(row, mode)
