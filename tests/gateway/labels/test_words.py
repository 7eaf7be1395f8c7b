"""Every language has every word, drawable, and *Price at the till* fits every panel in it."""

import pytest

from firmware_protocol import PANELS
from gateway.labels import LabelRequest, render
from gateway.labels.fontbook import cover
from gateway.labels.words import WORD_NAMES, languages, words_of


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_language_has_all_its_words_in_letters_we_can_draw(language: str) -> None:
    words = languages()[language]
    for name in WORD_NAMES:
        phrases = words.phrases(name)
        assert all(phrases)
        assert all(set(phrase) <= cover("noto-sans") for phrase in phrases)
        assert all(phrase.count("{}") == (name in ("until", "lowest", "deposit")) for phrase in phrases)
        assert [*phrases] == sorted(phrases, key=len, reverse=True)


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("panel", ["2.13-bw", "2.9-bw", "4.2-bw", "7.5-bw"])
@pytest.mark.parametrize("template", ["till", "unbound"])
def test_the_words_without_a_price_fit_every_panel_whole(language: str, panel: str, template: str) -> None:
    from gateway.labels.layout import lay_out
    from gateway.labels.marks import Run
    from gateway.labels.store import template as template_of

    request = LabelRequest(panel, template, "EUR", language, (), "00124B0001A2B3C4")
    assert render(request).fallback is None
    marks = lay_out(template_of(template), PANELS[panel], request)
    drawn = "".join(mark.text for mark in marks if isinstance(mark, Run))
    words = words_of(language)
    assert (words.till if template == "till" else words.pair_me)[0].replace(" ", "") in drawn.replace(" ", "")


def test_a_locale_speaks_its_own_words_its_languages_or_english() -> None:
    assert words_of("hr-HR") == words_of("hr-BA") == languages()["hr"]
    assert words_of("sr-Latn-RS") == languages()["sr-Latn"]
    assert words_of("sr-RS") == languages()["sr"]
    assert words_of("xx-YY") == words_of("en-GB") == languages()["en"]
    assert words_of("hr").till == ("Cijena na blagajni",)
