"""Reads whole products as another authority keeps them: its own version, its prices' past, strictly.

In: what the decoder made of the JSON, the store's settings. Out: `ParsedStates`.
Rule: a state is what a gateway has saved, not what a till may write: it is taken exactly or refused. What a row of the
POS API would be taken with a remark for (a zero that means nothing, a number for a text, another name) is refused here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from gateway.access import StoreSettings
from gateway.catalog.decode import RepeatedKeys
from gateway.catalog.fields import FIELD, LEDGER_FIELDS
from gateway.catalog.ledger import ledger_text
from gateway.catalog.limits import PRICE_CHANGES_PER_STATE_MAX, STATE_NUMBER_MAX
from gateway.catalog.moments import read_moment
from gateway.catalog.parsed import RowIssue, RowMode
from gateway.catalog.product import Stored
from gateway.catalog.refusals import Refused, shown, shown_name
from gateway.catalog.rows import parse_rows
from gateway.catalog.state_lines import Fact
from gateway.catalog.values import ValueReader
from gateway.ports import to_ms

VERSION, REMOVED, CHANGES = "product_version", "removed", "price_changes"
_OWN = (VERSION, REMOVED, CHANGES)
_CHANGE = frozenset({"field", "old", "new", "at", "accepted_seq"})
# What a saved product may well be: remarks about the goods, not about the way in which they are written.
_NO_HARM = frozenset({"check_digit", "sale_not_lower", "sale_window_empty", "duplicate_barcode"})
_WITH_OFFSET = re.compile(r".*[Tt].*([Zz]|[+-][0-9]{2}:[0-9]{2})", re.DOTALL)


class ProductAsKept(Struct, frozen=True):
    """A whole product by its authority's `version`; removed ones have no `values`. `changes`: of its prices."""

    index: int
    barcode: str
    version: int
    removed: bool
    values: Mapping[str, Stored]
    changes: tuple[Fact, ...]


class ParsedStates(Struct, frozen=True):
    """`states` in their order; a product is here or has an error."""

    states: list[ProductAsKept]
    errors: list[RowIssue]


def parse_states(raw: Sequence[object], *, settings: StoreSettings) -> ParsedStates:
    """Whatever was sent, nothing raises."""
    reader = ValueReader(settings)
    heads = [_Head(index, item, reader) for index, item in enumerate(raw)]
    live = [head for head in heads if not head.errors and not head.removed]
    fields = [{name: value for name, value in head.raw.items() if name not in _OWN} for head in live]
    parsed = parse_rows(fields, settings=settings, field_map=None, mode=RowMode.ADD, is_known=lambda _: False)
    for issue in [*parsed.errors, *(one for one in parsed.warnings if one.code not in _NO_HARM)]:
        head = live[issue.index]
        head.errors.append(replace(issue, index=head.index))
    values = {live[row.index].index: row.values.stored for row in parsed.rows}
    states = [head.state(values.get(head.index, {})) for head in heads if not head.errors]
    return ParsedStates(states, [error for head in heads for error in head.errors])


class _Head:
    """All of one product but its fields: what it is, and what became of its prices."""

    def __init__(self, index: int, raw: object, reader: ValueReader) -> None:
        self.index = index
        self.errors: list[RowIssue] = []
        self.raw: dict[str, object] = {}
        self.removed = False
        self._barcode: str | None = None
        self._version = 0
        self._changes: list[Fact] = []
        self._reader = reader
        if not isinstance(raw, dict):
            self._refuse(None, "not_an_object", f"Product {index + 1} is not an object but {shown(raw)}.")
            return
        self.raw = raw
        self._read()

    def state(self, values: Mapping[str, Stored]) -> ProductAsKept:
        kept = {} if self.removed else {name: value for name, value in values.items() if value is not None}
        return ProductAsKept(self.index, self._barcode or "", self._version, self.removed, kept, tuple(self._changes))

    def _read(self) -> None:
        self._refuse_repeated(self.raw, None)
        try:
            self._barcode = self._reader.barcode(self.raw.get("barcode"))
        except Refused as refused:
            self._refuse("barcode", *refused.note)
        self._reader.notes.clear()  # they come again with the fields
        for name in self.raw:
            if name not in FIELD and name not in _OWN:
                words = f"{shown_name(name)} is no field of a product."
                self._refuse(shown_name(name), "unknown_field", words, "Put what is none of ours into attributes.")
        self._version = self._number(VERSION, self.raw.get(VERSION), 1)
        removed = self.raw.get(REMOVED)
        if isinstance(removed, bool):
            self.removed = removed
        else:
            self._refuse(REMOVED, "boolean_format", f"{REMOVED} is neither true nor false.", "Send it with each one.")
        changes = self.raw.get(CHANGES)
        if not isinstance(changes, list) or len(changes) > PRICE_CHANGES_PER_STATE_MAX:
            words = f"{CHANGES} is not a list of at most {PRICE_CHANGES_PER_STATE_MAX} changes."
            self._refuse(CHANGES, "list_wanted", words, "Send [] if no price has changed in 60 days.")
            return
        for position, change in enumerate(changes):
            self._read_change(f"{CHANGES}[{position}]", change)
        self._refuse_ambiguous()

    def _read_change(self, place: str, raw: object) -> None:
        if not isinstance(raw, dict) or not set(raw) <= _CHANGE or not {"field", "old", "new", "at"} <= set(raw):
            hint = "Send field, old, new and at, and accepted_seq if there is one."
            self._refuse(place, "wrong_shape", f"{place} is not a change of a price.", hint)
            return
        self._refuse_repeated(raw, place)
        name = raw["field"]
        if not isinstance(name, str) or name not in LEDGER_FIELDS:
            hint = f"One of {', '.join(sorted(LEDGER_FIELDS))}."
            self._refuse(f"{place}.field", "unknown_field", f"{shown(name)} is not a field that prices have.", hint)
            return
        at = self._instant(f"{place}.at", raw["at"])
        old, new = (self._price_value(f"{place}.{side}", name, raw[side]) for side in ("old", "new"))
        seq = self._number(f"{place}.accepted_seq", raw.get("accepted_seq", 0), 0)
        if at is not None:
            self._changes.append(Fact(to_ms(at), seq, name, old, new))

    def _refuse_ambiguous(self) -> None:
        said: dict[tuple[int, int, str], Fact] = {}
        for fact in self._changes:
            if said.setdefault(fact[:3], fact) != fact:
                words = f"{fact.field} has changed twice at one instant; which change was the later one?"
                self._refuse(CHANGES, "ambiguous_change", words, "Send the accepted_seq of each.")

    def _price_value(self, place: str, name: str, raw: object) -> str | None:
        if raw is None:
            return None
        try:
            value = self._reader.read(FIELD[name], raw)
        except Refused as refused:
            self._refuse(place, *refused.note)
            return None
        notes, self._reader.notes = self._reader.notes, []
        for note in notes:
            self._refuse(place, *note)
        return ledger_text(value)

    def _instant(self, place: str, raw: object) -> datetime | None:
        at = read_moment(raw, ZoneInfo("UTC")) if isinstance(raw, str) and _WITH_OFFSET.fullmatch(raw) else None
        if isinstance(at, datetime):
            return at
        self._refuse(place, "date_format", f"{place}: {shown(raw)} is not an instant.", "As 2025-07-03T06:00:00Z.")
        return None

    def _number(self, place: str, raw: object, least: int) -> int:
        if isinstance(raw, int) and not isinstance(raw, bool) and least <= raw <= STATE_NUMBER_MAX:
            return raw
        words = f"{place}: {shown(raw)} is not a whole number from {least} to {STATE_NUMBER_MAX}."
        self._refuse(place, "number_format", words)
        return 0

    def _refuse_repeated(self, raw: Mapping[str, object], place: str | None) -> None:
        if isinstance(raw, RepeatedKeys):
            words = f"“{shown_name(raw.repeated[0])}” stands there twice; which one holds?"
            self._refuse(place, "duplicate_key", words, "Send each name once.")

    def _refuse(self, field: str | None, code: str, message: str, hint: str | None = None) -> None:
        self.errors.append(RowIssue(self.index, self._barcode, field, code, message, hint))
