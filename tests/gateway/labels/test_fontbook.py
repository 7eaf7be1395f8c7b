"""The fonts are the pinned files, draw every letter they claim, and set digits in columns."""

import hashlib
from pathlib import Path

import pytest
from PIL import features

from gateway.labels import engine_words, fontbook
from gateway.labels.fontbook import FOLDER, FONT_FILES, cover, face, is_plain, letter_raster

EUROPEAN = (
    "AaÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÚÛÜÝßĀāĂăĄąĆćČčĎďĐđĒēĖėĘęĚěĞğĢģĪīĮįİıĶķĹĻļĽľŁłŃńŅņŇňŌŐőŒœŔŘřŚśŞşŠšȘșŢţŤťȚțŪūŮůŰűŲųŹźŻżŽžẞ"
)
GREEK_AND_CYRILLIC = "ΑΒΓΔΈΉΊΌΎΏαβγδέήίόύώςЀБДЖЉЊЋЂЏЙЎЇІЄҐабджљњћђџйўїієґъыэюя"


@pytest.mark.parametrize("name", sorted(FONT_FILES))
def test_a_font_is_the_file_this_release_was_made_with(name: str) -> None:
    font = FONT_FILES[name]
    assert hashlib.sha256((FOLDER / font.file).read_bytes()).hexdigest() == font.sha256


def test_every_font_file_is_pinned_and_has_its_licence_beside_it() -> None:
    assert {path.name for path in FOLDER.glob("*.ttf")} == {font.file for font in FONT_FILES.values()}
    for font in FONT_FILES.values():
        family = font.file.removesuffix(".ttf").split("-")[0]
        assert (FOLDER / f"{family}.LICENSE.txt").stat().st_size > 1000


def test_a_changed_font_is_never_drawn_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "NotoSans-Bold.ttf").write_bytes(b"another font")
    monkeypatch.setattr(fontbook, "FOLDER", tmp_path)
    with pytest.raises(fontbook.FontChanged, match=r"NotoSans-Bold\.ttf"):
        fontbook.font_path.__wrapped__("noto-sans-bold")


def test_names_in_the_languages_of_europe_are_covered() -> None:
    for name in ("noto-sans", "noto-sans-bold", "dejavu-sans"):
        assert set(EUROPEAN + GREEK_AND_CYRILLIC) <= cover(name)
    assert set("0123456789.,'’\u00a0€£¥$złKčFtlei") <= cover("roboto-condensed-bold")


@pytest.mark.parametrize("name", sorted(FONT_FILES))
def test_every_covered_letter_has_ink(name: str) -> None:
    sample = face(name, 16)
    european = [letter for place, letter in enumerate(sorted(cover(name))) if letter < "\u0530" or place % 8 == 0]
    blank = [letter for letter in european if not letter.isspace() and not letter_raster(sample, letter)[0].size[0]]
    assert blank == []


def test_a_letter_under_the_baseline_is_whole() -> None:
    for name in ("dejavu-sans", "noto-sans"):
        for size in (11, 13, 16, 20):
            _, top, _, bottom = letter_raster(face(name, size), "_")[1]
            assert 0 <= top < bottom


def test_scripts_that_need_shaping_are_not_covered() -> None:
    assert not any(map(is_plain, "שلกक한漢ا\u0301\u200d\u202e\u00ad\n"))


@pytest.mark.parametrize("size", [31, 42, 54, 80, 126, 208])
def test_price_digits_stand_in_columns_and_on_one_line(size: int) -> None:
    price = face("roboto-condensed-bold", size)
    boxes = [letter_raster(price, digit)[1] for digit in "0123456789"]
    assert len({price.advances[digit] for digit in "0123456789"}) == 1
    assert max(box[1] for box in boxes) - min(box[1] for box in boxes) <= 1 + size // 80
    assert max(box[3] for box in boxes) <= size // 50
    assert all(box[0] > 0 and box[2] < price.advances["0"] for box in boxes)


def test_widths_add_up_because_nothing_is_kerned() -> None:
    for name in sorted(FONT_FILES):
        sample = face(name, 17)
        text = "AVATAR To Ty LV 7.4 1,1 ŽČ"
        letters = [letter for letter in text if letter in sample.cover]
        assert sample.width("".join(letters)) == sum(round(sample.font.getlength(letter)) for letter in letters)


def test_labels_are_drawn_by_the_engine_their_pictures_were_approved_with(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_words() is None
    monkeypatch.setattr(features, "version", lambda _: "2.13.3")
    words = engine_words()
    assert words is not None
    assert "FreeType 2.13.3" in words
