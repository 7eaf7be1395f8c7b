"""The words a label speaks in the shop's language, from `words.toml`.

In: a locale tag. Out: its `Words`. Rule: no word on a label stands anywhere but in that file.
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from gateway.labels.money import FALLBACK_LOCALE

WORDS_FILE = Path(__file__).parent / "words.toml"


@dataclass(frozen=True, slots=True)
class Words:
    """Phrases are alternatives, longest first; `{}` in them is the amount or the date."""

    offer: tuple[str, ...]
    until: tuple[str, ...]
    lowest: tuple[str, ...]
    deposit: tuple[str, ...]
    till: tuple[str, ...]
    pair_me: tuple[str, ...]
    piece: tuple[str, ...]

    def phrases(self, name: str) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(self, name)
        return found


WORD_NAMES = frozenset(field.name for field in fields(Words))


@functools.cache
def languages() -> Mapping[str, Words]:
    raw = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return {language: _words(row) for language, row in raw.items()}


@functools.cache
def words_of(locale_tag: str) -> Words:
    """The words of the longest known start of the tag: `sr-Latn-RS` speaks `sr-Latn`, `hr-BA` speaks `hr`."""
    known = languages()
    parts = locale_tag.split("-")
    for count in range(len(parts), 0, -1):
        found = known.get("-".join(parts[:count]))
        if found is not None:
            return found
    return known[FALLBACK_LOCALE]


def _words(row: Mapping[str, str | list[str]]) -> Words:
    return Words(**{name: (given,) if isinstance(given, str) else tuple(given) for name, given in row.items()})
