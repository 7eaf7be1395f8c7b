import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import FactoryCode, FieldError, TagId, display_id, split_display_id


@given(st.binary(min_size=8, max_size=8))
def test_a_tag_id_is_its_sixteen_capitals_and_back(octets: bytes) -> None:
    tag_id = TagId(octets)
    assert str(tag_id) == octets.hex().upper()
    assert TagId.parse(str(tag_id)) == TagId.parse(str(tag_id).lower()) == tag_id
    assert pickle.loads(pickle.dumps(tag_id)) == copy.deepcopy(tag_id) == tag_id
    assert {tag_id: 1}[TagId(octets)] == 1


@given(st.text(max_size=40))
def test_no_other_text_is_a_tag_id(text: str) -> None:
    if len(text) == 16 and set(text) <= set("0123456789abcdefABCDEF"):
        assert str(TagId.parse(text)) == text.upper()
    else:
        with pytest.raises(FieldError, match="tag_id"):
            TagId.parse(text)


@pytest.mark.parametrize("octets", [b"", b"1234567", b"123456789"])
def test_a_tag_id_of_another_length_is_refused(octets: bytes) -> None:
    with pytest.raises(FieldError):
        TagId(octets)


@given(st.binary(min_size=16, max_size=16))
def test_a_factory_code_is_its_twenty_six_letters_and_back(octets: bytes) -> None:
    code = FactoryCode(octets)
    letters = str(code)
    assert len(letters) == 26
    typed = f"{letters[:5]}-{letters[5:12].lower()} {letters[12:]}"
    assert FactoryCode.parse(letters) == FactoryCode.parse(typed) == code


def test_a_factory_code_has_one_spelling() -> None:
    letters = str(FactoryCode(bytes(16)))
    assert letters == "A" * 26
    with pytest.raises(FieldError, match="last letter"):
        FactoryCode.parse("A" * 25 + "B")


@given(st.text(min_size=6, max_size=25))
def test_no_other_text_is_a_factory_code_and_the_refusal_does_not_repeat_it(text: str) -> None:
    with pytest.raises(FieldError) as caught:
        FactoryCode.parse(text)
    assert text not in str(caught.value)


def test_a_factory_code_is_not_shown_by_repr() -> None:
    code = FactoryCode(bytes(range(16)))
    assert str(code) not in repr(code)
    assert code.hex() not in repr([code])


@given(st.binary(min_size=8, max_size=8), st.integers(0, 31))
def test_a_display_id_splits_into_tag_and_index(octets: bytes, index: int) -> None:
    assert split_display_id(display_id(TagId(octets), index)) == (TagId(octets), index)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "A4C1380000000001",
        "A4C1380000000001.",
        "A4C1380000000001.00",
        "A4C1380000000001.32",
        "A4C1380000000001.-1",
        "A4C1380000000001.1.1",
        "A4C1380000000001.²",
        "A4C138000000000.1",
        "x.1" + "9" * 5000,
    ],
)
def test_other_texts_are_no_display_id(text: str) -> None:
    with pytest.raises(FieldError):
        split_display_id(text)


@pytest.mark.parametrize("index", [-1, 32])
def test_a_display_index_that_no_report_can_name_is_our_own_mistake(index: int) -> None:
    with pytest.raises(ValueError, match="display index"):
        display_id(TagId(bytes(8)), index)
