"""Names in lines: broken where a reader expects it, cut at a word, cleaned of what nobody sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.labels.fontbook import face
from gateway.labels.text import ELLIPSIS, Type, clean, cut, measured_words, wrap

TYPE = Type((face("noto-sans-bold", 16), face("dejavu-sans", 16)))


def lines(text: str, width_px: int, most: int) -> list[str] | None:
    found = wrap(measured_words(clean(text), TYPE, "name"), width_px, most)
    return None if found is None else [line for line, _ in found]


def test_lines_break_at_spaces_hyphens_and_slashes() -> None:
    assert lines("Mineralna voda gazirana", 130, 3) == ["Mineralna voda", "gazirana"]
    assert lines("bijelo-crvena/plava", 80, 3) == ["bijelo-", "crvena/", "plava"]


def test_a_number_never_leaves_its_unit_nor_a_range_its_end() -> None:
    assert lines("Sol morska sitna 500 g", TYPE.width("Sol morska sitna 500", "name"), 2) == [
        "Sol morska sitna",
        "500\u00a0g",
    ]
    assert lines("Jaja 10/12", TYPE.width("Jaja 10/", "name"), 2) == ["Jaja", "10/12"]


def test_lines_that_do_not_fit_are_none() -> None:
    assert lines("one two three four", 40, 2) is None
    assert lines("Donaudampfschifffahrt", 60, 3) is None


@given(st.text(st.sampled_from("ab č-/ŠW 5g"), max_size=60), st.integers(60, 200), st.integers(1, 3))
def test_a_cut_name_fits_ends_with_an_ellipsis_and_begins_as_the_name(text: str, width_px: int, most: int) -> None:
    name = clean(text)
    if not name or lines(name, width_px, most) is not None:
        return
    kept = cut(name, TYPE, "name", width_px, most)
    assert len(kept) <= most
    assert all(TYPE.width(line, "name") == px <= width_px for line, px in kept)
    assert kept[-1][0].endswith(ELLIPSIS)
    joined = "".join(line for line, _ in kept).removesuffix(ELLIPSIS).replace(" ", "")
    assert name.replace(" ", "").startswith(joined)


@given(st.text(st.sampled_from("ab č-/ŠW 5g"), max_size=60), st.integers(60, 200))
def test_wrapping_loses_no_letter_and_knows_its_widths(text: str, width_px: int) -> None:
    found = wrap(measured_words(clean(text), TYPE, "name"), width_px, 9)
    if found is not None:
        assert "".join(line for line, _ in found).replace(" ", "") == clean(text).replace(" ", "")
        assert all(TYPE.width(line, "name") == px <= width_px for line, px in found)


@pytest.mark.parametrize(
    ("given_", "cleaned"),
    [
        ("S\u030cec\u0301er", "Šećer"),
        ("  two \t words\n", "two words"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\ufeffleft\u202eright\u2066", "leftright"),
        ("a\x00b\ue000c", "abc"),
        ("Sol 500 g", "Sol 500\u00a0g"),
        ("a\u00a0b", "a b"),
    ],
)
def test_what_nobody_sees_is_removed(given_: str, cleaned: str) -> None:
    assert clean(given_) == cleaned


def test_a_letter_the_first_font_lacks_is_drawn_by_the_next() -> None:
    runs = TYPE.runs("5 ♥ x", "name")
    assert [(one.name, text) for one, text in runs] == [
        ("noto-sans-bold", "5 "),
        ("dejavu-sans", "♥"),
        ("noto-sans-bold", " x"),
    ]
