"""A body becomes plain values, or one clear word with its place; never anything else."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog import MalformedBody, NumberText, RepeatedKeys, decode_json


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"\xef\xbb\xbf", ""])
def test_an_empty_body_is_an_empty_object(body: bytes | str) -> None:
    assert decode_json(body) == {}


def test_a_byte_order_mark_is_skipped() -> None:
    assert decode_json(b'\xef\xbb\xbf{"name": "\xc5\xa0e\xc4\x87er"}') == {"name": "Šećer"}
    assert decode_json('\ufeff{"a": 1}') == {"a": 1}


def test_numbers_keep_every_digit_that_was_written() -> None:
    numbers = decode_json(b"[1.2900, 0.30000000000000004, 1e400, -0.0, 12345678901234567890123]")
    assert [str(number) for number in numbers] == [  # type: ignore[attr-defined]
        "1.2900", "0.30000000000000004", "1E+400", "-0.0", "12345678901234567890123"
    ]  # fmt: skip
    assert isinstance(numbers[0], Decimal)  # type: ignore[index]


@pytest.mark.parametrize("text", ["1e99999999999999999999", "9" * 5_000, "1." + "3" * 5_000])
def test_a_number_that_nothing_can_hold_stays_as_its_characters(text: str) -> None:
    assert decode_json(f"[{text}]") == [NumberText(text)]


def test_a_key_that_stands_twice_is_remembered_with_its_object() -> None:
    rows = decode_json(b'[{"price": 1, "price": 2, "name": "x"}, {"price": 1}]')
    assert isinstance(rows, list)
    assert isinstance(rows[0], RepeatedKeys)
    assert rows[0].repeated == ("price",)
    assert not isinstance(rows[1], RepeatedKeys)


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"a": 1,\n "b": }', 2, 7),
        (b"[1, NaN]", 1, 5),
        (b'["NaN",\n\n -Infinity]', 3, 2),
        (b'{"a":\n "\xff"}', 2, 3),
        (b"{} {}", 1, 4),
        (b"[" * 33 + b"]" * 33, 1, 33),
        (b'"["\n', None, None),
        (b'{"a": "[[[[",\n "b": ' + b"[" * 32 + b"]" * 32 + b"}", 2, 38),
        (b"[" * 200_000, 1, 33),
        (b'{"a":' * 100_000, 1, 161),
    ],
)
def test_a_malformed_body_is_named_with_line_and_column(body: bytes, line: int | None, column: int | None) -> None:
    if line is None:
        assert decode_json(body) == "["
        return
    with pytest.raises(MalformedBody) as caught:
        decode_json(body)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_thirty_two_levels_are_taken() -> None:
    assert decode_json(b"[" * 32 + b"]" * 32) is not None


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_the_body_only_malformed_body_is_raised(body: bytes | str) -> None:
    malformed = None
    try:
        decode_json(body)
    except MalformedBody as error:
        malformed = error
    assert malformed is None or min(malformed.line, malformed.column) >= 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_needs_no_special_care_comes_out_as_it_went_in(value: object) -> None:
    assert decode_json(json.dumps(value)) == value or value == ""
