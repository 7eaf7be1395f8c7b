"""Finds the field that a name means: case, `_` and `-` do not count, and only barcode and name have aliases.

In: names as a POS sends them, and a token's own words. Out: the `FieldSpec`, or None; for a missing field, the
nearest name that was sent. Rule: no price, sale, date or unit field is ever guessed. Source: the POS contract, Rows.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from itertools import islice

from gateway.catalog.fields import FIELD, FIELDS, FieldSpec
from gateway.catalog.limits import NAMES_COMPARED_MAX, NAMES_REMEMBERED_MAX, SHOWN_LENGTH_MAX
from gateway.catalog.refusals import Note, shown_name

_PRICE_LIKE = re.compile("price|promo|sale|special|discount|offer|regular|was|old|deposit")
# Words by which POS systems call the fields that a row cannot do without (a survey of their exports).
_TELLING = {
    "barcode": re.compile("code|ean|gtin|upc|plu|sku|sifra|šifra|kod|article|artikel|id$"),
    "name": re.compile("name|naziv|nom|title|text|desc|bezeich|nombre|opis|artikel|product"),
    "price": re.compile("price|preis|cijena|cena|prix|precio|prezzo|amount|retail|brutto|vk|mpc|pvp"),
}
_NEAR_ENOUGH = 0.45


class FieldMapInvalid(ValueError):
    """A token's mapping cannot be meant. Tell the person which word, and what is wanted."""


def check_field_map(field_map: Mapping[str, str]) -> dict[str, str]:
    """A mapping `our=theirs` with our names as the documentation writes them. Raises `FieldMapInvalid`."""
    checked: dict[str, str] = {}
    theirs_used: dict[str, str] = {}
    for ours, theirs in field_map.items():
        spec = _PLAIN.get(_folded(ours))
        if spec is None:
            raise FieldMapInvalid(f"{ours!r} is none of our fields: {', '.join(FIELD)}")
        if not theirs.strip():
            raise FieldMapInvalid(f"{spec.name}: name the field that the POS sends")
        if spec.name in checked:
            raise FieldMapInvalid(f"{spec.name} is mapped twice")
        other = theirs_used.setdefault(_folded(theirs), spec.name)
        if other != spec.name:
            raise FieldMapInvalid(f"{theirs!r} cannot be both {other} and {spec.name}")
        checked[spec.name] = theirs
    return checked


class FieldNames:
    """The names of one token. A mapped field answers to its mapped name alone, so two words never compete for it."""

    def __init__(self, field_map: Mapping[str, str] | None) -> None:
        self._by_folded = dict(_PLAIN)
        mapped = {spec: theirs for ours, theirs in (field_map or {}).items() if (spec := _PLAIN.get(_folded(ours)))}
        for spec in mapped:
            for name in (spec.name, *spec.aliases):
                self._by_folded.pop(_folded(name), None)
        for spec, theirs in mapped.items():
            self._by_folded[_folded(theirs)] = spec
        self._remembered: dict[str, FieldSpec | None] = {}
        self._distinct: dict[tuple[str, ...], tuple[FieldSpec, ...] | None] = {}
        self._remarks: dict[str, Note] = {}

    def find(self, name: str) -> FieldSpec | None:
        try:
            return self._remembered[name]
        except KeyError:
            spec = self._by_folded.get(_folded(name))
            if len(self._remembered) < NAMES_REMEMBERED_MAX:
                self._remembered[name] = spec
            return spec

    def distinct(self, names: tuple[str, ...]) -> tuple[FieldSpec, ...] | None:
        """The fields that a row's names mean, where each is one of ours and no two mean the same; else None.

        The rows of a list have few sets of names among them, so that most rows are looked up whole.
        """
        try:
            return self._distinct[names]
        except KeyError:
            found = [spec for name in names if (spec := self.find(name)) is not None]
            fields = tuple(found) if len(set(found)) == len(names) else None
            if len(self._distinct) < NAMES_REMEMBERED_MAX and len(names) <= len(FIELDS):
                self._distinct[names] = fields
            return fields

    def nearest(self, wanted: FieldSpec, sent: Iterable[str]) -> str | None:
        """The name sent that most likely means the field; names that mean another required one are no candidates."""
        best, best_score = None, _NEAR_ENOUGH
        for name in islice(sent, NAMES_COMPARED_MAX):
            spec = self.find(name)
            if spec is not None and spec.required:
                continue
            score = _nearness(wanted, name) - (0.2 if spec is not None else 0)
            if score > best_score:
                best, best_score = name, score
        return best

    def remark(self, name: str) -> Note:
        """The warning for a name that is none of our fields."""
        note = self._remarks.get(name)
        if note is None:
            note = _remark(name)
            if len(self._remarks) < NAMES_REMEMBERED_MAX:
                self._remarks[name] = note
        return note


def is_price_like(name: str) -> bool:
    """Whether an unknown name sounds as if a price, a sale or a deposit were in it."""
    return _PRICE_LIKE.search(_folded(name)) is not None


def _remark(name: str) -> Note:
    if is_price_like(name):
        message = f"“{shown_name(name)}” sounds like a price, but is none of our fields; no label shows it."
        return Note("unmapped_price_field", message, "If it is one of ours, map it: esl token update --map our=theirs.")
    return Note("unknown_field", f"“{shown_name(name)}” is none of our fields; it is kept as an attribute.")


def _nearness(wanted: FieldSpec, name: str) -> float:
    folded = _folded(name[:SHOWN_LENGTH_MAX])
    likeness = SequenceMatcher(None, _folded(wanted.name), folded).ratio()
    telling = _TELLING.get(wanted.name)
    return likeness + (0.5 if telling and telling.search(folded) else 0)


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


_PLAIN: dict[str, FieldSpec] = {_folded(name): spec for spec in FIELDS for name in (spec.name, *spec.aliases)}
