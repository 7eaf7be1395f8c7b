"""The line that is printed on a tag, as a scanner reads it and as a person types it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import PANELS, FactoryCode, FieldError, TagId
from firmware_protocol.printed_code import PrintedCode

ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")  # ISO/IEC 18004, alphanumeric mode
LINE = "ESL:A4C1380000000001:AAAAAAAAAAAAAAAAAAAAAAAAAA:2.9-BWR"
CODE = PrintedCode(TagId(bytes.fromhex("A4C1380000000001")), FactoryCode(bytes(16)), ("2.9-bwr",))

codes = st.builds(
    PrintedCode,
    st.binary(min_size=8, max_size=8).map(TagId),
    st.binary(min_size=16, max_size=16).map(FactoryCode),
    st.lists(st.sampled_from(sorted(PANELS)), max_size=3).map(tuple),
)


@given(codes)
def test_a_code_is_its_line_and_back(code: PrintedCode) -> None:
    line = str(code)
    assert PrintedCode.parse(line) == PrintedCode.parse(f"  {line.lower()}\r\n") == code
    assert set(line) <= ALPHANUMERIC


@pytest.mark.parametrize(
    "typed",
    [
        LINE,
        LINE.lower(),
        "a4c1380000000001 aaaaaaaaaaaaaaaaaaaaaaaaaa 2.9-bwr",
        "A4C1380000000001 AAAAA-AAAAAAA AAAAAAA-AAAAAAA 2.9-bwr",
        "A4C1380000000001:AAAAAAAAAAAAAAAAAAAAAAAAAA:2.9-bwr",
    ],
)
def test_who_types_it_may_leave_out_what_says_nothing(typed: str) -> None:
    assert PrintedCode.parse(typed) == CODE


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ("", "code"),
        ("ESL:A4C1380000000001", "code"),
        ("https://example.test/label", "tag_id"),
        ("ESL:A4C138000000000:AAAAAAAAAAAAAAAAAAAAAAAAAA", "tag_id"),
        ("ESL:A4C1380000000001:AAAAAAAAAAAAAAAAAAAAAAAAA", "factory_code"),
        ("ESL:A4C1380000000001:1AAAAAAAAAAAAAAAAAAAAAAAAA", "factory_code"),
        ("ESL:A4C1380000000001:AAAAAAAAAAAAAAAAAAAAAAAAAA:9.9-BW", "panels"),
    ],
)
def test_what_is_wrong_is_named_and_the_secret_is_not(typed: str, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        PrintedCode.parse(typed)
    assert caught.value.field == field
    assert "AAAAAAAA" not in str(caught.value)


@given(st.text(max_size=80))
def test_any_other_line_is_refused_by_our_own_error(text: str) -> None:
    try:
        PrintedCode.parse(text)
    except FieldError:
        return
    assert len(text) >= 16 + 26


def test_the_secret_stands_in_no_repr() -> None:
    assert str(CODE.factory_code) not in repr(CODE)
