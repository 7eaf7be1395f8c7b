"""Reads the rows of a request one by one, so that a bad one never takes another with it.

In: what the decoder made of the rows, the store's settings, the token's words, who is known. Out: `ParsedRows`.
Rule: a row is accepted whole or rejected with words that a shopkeeper understands; whatever was sent, nothing raises.
Source: the POS contract, Rows.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from gateway.access import StoreSettings
from gateway.catalog.attributes import read_attribute
from gateway.catalog.barcode import BLANKS
from gateway.catalog.decode import RepeatedKeys
from gateway.catalog.fields import ATTRIBUTE_PREFIX, ATTRIBUTES, FIELD, FieldSpec, Kind
from gateway.catalog.limits import ATTRIBUTES_PER_ROW_MAX
from gateway.catalog.names import FieldNames
from gateway.catalog.parsed import ParsedRow, ParsedRows, RowIssue, RowMode
from gateway.catalog.price import is_not_lower, is_window_empty
from gateway.catalog.product import ProductFields, Stored
from gateway.catalog.refusals import Note, Refused, number_text, shown, shown_name
from gateway.catalog.values import REMEMBERED, ValueReader, is_empty

_BARCODE, _NAME, _PRICE, _ATTRIBUTES = FIELD["barcode"], FIELD["name"], FIELD["price"], FIELD[ATTRIBUTES]
_ABSENT = object()
SALE_NOT_LOWER = Note(
    "sale_not_lower",
    "The sale price is not below the regular price; it is charged, and no old price is drawn.",
    "Send the regular price as price, the reduced one as salePrice.",
)


def parse_rows(
    raw: Sequence[object],
    *,
    settings: StoreSettings,
    field_map: Mapping[str, str] | None,
    mode: RowMode,
    is_known: Callable[[str], bool],
) -> ParsedRows:
    """`is_known` says whether a barcode is in the catalogue (or in an earlier accepted row of the session); it is
    asked only where a row lacks name or price. An earlier accepted row of this request counts as known, too."""
    parser = _Parser(settings, field_map, mode, is_known)
    for index, row in enumerate(raw):
        parser.take(index, row)
    return parser.parsed


class _Parser:
    def __init__(
        self,
        settings: StoreSettings,
        field_map: Mapping[str, str] | None,
        mode: RowMode,
        is_known: Callable[[str], bool],
    ) -> None:
        self.parsed = ParsedRows([], [], [])
        self._reader = ValueReader(settings)
        self._names = FieldNames(field_map)
        self._mode = mode
        self._is_known = is_known
        self._accepted: dict[str, int] = {}  # barcode -> index of the row that was accepted last

    def take(self, index: int, raw: object) -> None:
        if not isinstance(raw, dict):
            message = f"Row {index + 1} is not a product but {shown(raw)}."
            self.parsed.errors.append(
                RowIssue(index, None, None, "not_an_object", message, "Send {…} for each product.")
            )
            return
        row = _Row(index, raw, self._reader, self._names)
        row.sort()
        row.read_barcode()
        lacking = row.lacking()
        if lacking:
            row.do_without(lacking, is_new=self._is_new(row))
        row.read_fields()
        row.read_attributes()
        row.compare_sale()
        self._finish(row)

    def _is_new(self, row: "_Row") -> bool:
        """Whether name and price are wanted."""
        if self._mode is RowMode.ADD:
            return True
        return row.barcode is not None and row.barcode not in self._accepted and not self._is_known(row.barcode)

    def _finish(self, row: "_Row") -> None:
        if row.barcode is not None and not row.errors:
            earlier = self._accepted.get(row.barcode)
            if earlier is not None:
                message = f"Rows {earlier + 1} and {row.index + 1} have the same barcode; the later one wins."
                row.warn("barcode", Note("duplicate_barcode", message, "Send each barcode once."))
            self._accepted[row.barcode] = row.index
            warnings = row.issues(row.warnings) if row.warnings else ()
            self.parsed.rows.append(ParsedRow(row.index, row.barcode, ProductFields(row.values), tuple(warnings)))
            self.parsed.warnings.extend(warnings)
        else:
            self.parsed.errors.extend(row.issues(row.errors))
            self.parsed.warnings.extend(row.issues(row.warnings))


class _Row:
    """One row on its way: what was sent, by field; what has been read; what there is to say."""

    __slots__ = ("_names", "_raw", "_reader", "_sent", "_unknown", "barcode", "errors", "index", "values", "warnings")

    def __init__(self, index: int, raw: dict[str, object], reader: ValueReader, names: FieldNames) -> None:
        self.index = index
        self.barcode: str | None = None
        self.values: dict[str, Stored] = {}
        self.errors: list[tuple[str | None, Note]] = []
        self.warnings: list[tuple[str | None, Note]] = []
        self._raw = raw
        self._sent: dict[FieldSpec, object] = {}
        self._unknown: dict[str, object] = {}
        self._reader = reader
        self._names = names

    def issues(self, notes: list[tuple[str | None, Note]]) -> list[RowIssue]:
        return [RowIssue(self.index, self.barcode, field, *note) for field, note in notes]

    def warn(self, field: str | None, note: Note) -> None:
        self.warnings.append((field, note))

    def refuse(self, field: str | None, note: Note) -> None:
        self.errors.append((field, note))

    def sort(self) -> None:
        """Which field each name means; two names of one field must not contradict each other."""
        fields = self._names.distinct(tuple(self._raw))
        if fields is not None and not isinstance(self._raw, RepeatedKeys):
            self._sent = dict(zip(fields, self._raw.values(), strict=True))
            return
        if isinstance(self._raw, RepeatedKeys):
            for name in self._raw.repeated:
                message = f"“{shown_name(name)}” stands in the row twice; which one holds?"
                self.refuse(shown_name(name), Note("duplicate_key", message, "Send each name once."))
        for name, value in self._raw.items():
            spec = self._names.find(name)
            if spec is None:
                self._unknown[name] = value
                continue
            other = self._sent.get(spec, _ABSENT)
            if other is _ABSENT or (spec.aliases and is_empty(other)):
                self._sent[spec] = value
            elif not (spec.aliases and is_empty(value)) and not _is_same(spec, other, value):
                message = f"{spec.name} was sent under two names: {shown(other)} and {shown(value)}."
                self.refuse(spec.name, Note("conflicting_names", message, "Send it once."))

    def read_barcode(self) -> None:
        raw = self._sent.pop(_BARCODE, None)
        if is_empty(raw):
            self._require(_BARCODE, "The row has no barcode.")
            return
        try:
            self.barcode = self._reader.barcode(raw)
        except Refused as refused:
            self.refuse("barcode", refused.note)
        if self._reader.notes:
            self._collect_notes("barcode")

    def lacking(self) -> list[FieldSpec]:
        """Name and price, where they are empty."""
        sent = self._sent
        return [spec for spec in (_NAME, _PRICE) if is_empty(sent.get(spec))]

    def do_without(self, lacking: list[FieldSpec], *, is_new: bool) -> None:
        """Empty means missing in a row that brings a product, omitted in any other."""
        for spec in lacking:
            self._sent.pop(spec, None)
            if is_new:
                self._require(spec, f"The row has no {spec.name}, and its product is not in the catalogue without it.")

    def read_fields(self) -> None:
        reader, values = self._reader, self.values
        known_by_field, read, notes = reader.known, reader.read_unread, reader.notes
        for spec, raw in self._sent.items():
            known = known_by_field[spec]
            if raw.__class__ in REMEMBERED and raw in known:  # most values of a list have come before
                values[spec.name] = known[raw]
                continue
            if spec is _ATTRIBUTES:
                continue
            try:
                values[spec.name] = read(spec, raw)
            except Refused as refused:
                self.refuse(spec.name, refused.note)
            if notes:
                self._collect_notes(spec.name)

    def read_attributes(self) -> None:
        """Attributes that were sent as such must be right; a field that we do not know never fails a row."""
        sent = self._sent.get(_ATTRIBUTES, _ABSENT)
        if sent is not _ABSENT:
            self._read_sent_attributes(sent)
        if not self._unknown:
            return
        if len(self._unknown) > ATTRIBUTES_PER_ROW_MAX:
            message = f"{len(self._unknown)} fields are none of ours; only {ATTRIBUTES_PER_ROW_MAX} are kept."
            self.warn(None, Note("attribute_not_kept", message))
        for name, raw in islice(self._unknown.items(), ATTRIBUTES_PER_ROW_MAX):
            self.warn(shown_name(name), self._names.remark(name))
            try:
                self._keep_attribute(name, raw)
            except Refused as refused:
                self.warn(shown_name(name), Note("attribute_not_kept", refused.note.message, refused.note.hint))

    def _read_sent_attributes(self, sent: object) -> None:
        if is_empty(sent):
            self.values[ATTRIBUTES] = None
            return
        if not isinstance(sent, dict):
            message = f"attributes: {shown(sent)} is not an object."
            self.refuse(ATTRIBUTES, Note("object_wanted", message, 'Send {"name": value, …}.'))
            return
        if isinstance(sent, RepeatedKeys):
            message = f"attributes: “{shown_name(sent.repeated[0])}” stands there twice."
            self.refuse(ATTRIBUTES, Note("duplicate_key", message, "Send each name once."))
        if len(sent) > ATTRIBUTES_PER_ROW_MAX:
            message = f"attributes: {len(sent)} are too many."
            self.refuse(ATTRIBUTES, Note("too_many", message, f"At most {ATTRIBUTES_PER_ROW_MAX}."))
            return
        for name, raw in sent.items():
            try:
                self._keep_attribute(name, raw)
            except Refused as refused:
                self.refuse(ATTRIBUTES, refused.note)

    def _keep_attribute(self, name: str, raw: object) -> None:
        self.values[ATTRIBUTE_PREFIX + name] = read_attribute(name, raw)

    def compare_sale(self) -> None:
        """What the fields of a sale say together, as far as this row names them."""
        if "salePrice" not in self.values and "saleEnd" not in self.values:
            return
        is_zero = any(field == "salePrice" and note.code == "zero_as_unset" for field, note in self.warnings)
        if is_zero and self.values.get("onSale") is True:
            message = "The product is on sale, but its sale price is 0."
            self.refuse("salePrice", Note("zero_sale_price", message, "Send the sale price, or onSale: false."))
        fields = ProductFields(self.values)
        if is_not_lower(fields):
            self.warn("salePrice", SALE_NOT_LOWER)
        if is_window_empty(fields, self._reader.zone):
            message = "The sale ends before it starts; it is never in force."
            self.warn("saleEnd", Note("sale_window_empty", message, "Check saleStart and saleEnd."))

    def _require(self, spec: FieldSpec, message: str) -> None:
        name = self._names.nearest(spec, self._raw)
        hint = f"Send it as “{spec.name}”."
        if name is not None:
            near = shown_name(name)
            hint = f"The nearest field sent is “{near}”: send it as “{spec.name}”, or map it: --map {spec.name}={near}."
        self.refuse(spec.name, Note("required", message, hint))

    def _collect_notes(self, field: str) -> None:
        self.warnings.extend((field, note) for note in self._reader.notes)
        self._reader.notes.clear()


def _is_same(spec: FieldSpec, one: object, other: object) -> bool:
    if spec.kind is Kind.BARCODE:
        one, other = (number_text(raw) if isinstance(raw, int) else raw for raw in (one, other))
    if spec.aliases and isinstance(one, str) and isinstance(other, str):
        return one.strip(BLANKS) == other.strip(BLANKS)
    return one == other and isinstance(one, bool) == isinstance(other, bool)
