"""Reads one value of a row, by the kind of its field, into the form in which it is stored and answered.

In: what the decoder made of the JSON, and the store's settings. Out: a stored value (a price is the text of its exact
decimal) or None for "not set"; notes for warnings; `Refused` for a row error.
Rule: a value that is taken is the value that was written; nothing is rounded. Source: the POS contract, Rows.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from gateway.access import StoreSettings
from gateway.catalog.barcode import BLANKS, read_barcode
from gateway.catalog.currency import minor_digits
from gateway.catalog.decimals import DECIMAL_TEXT, SIGNED_DECIMAL_TEXT, exact_decimal, in_steps, without_noise
from gateway.catalog.decode import NumberText
from gateway.catalog.fields import FIELDS, FieldSpec, Kind
from gateway.catalog.limits import (
    EXTRA_BARCODES_MAX,
    NUMBER_BELOW,
    NUMBER_MINOR_DIGITS,
    PRICE_BELOW,
    VALUES_REMEMBERED_MAX,
)
from gateway.catalog.moments import NotSet, moment_text, read_moment
from gateway.catalog.product import Stored
from gateway.catalog.refusals import Note, Refused, number_text, refuse_forbidden, shown

REMEMBERED = frozenset({str, Decimal})  # no integers: True equals 1
_FLAGS = {"true": True, "false": False, "1": True, "0": False}
_NUMBER_STEP = Decimal(1).scaleb(-NUMBER_MINOR_DIGITS)
_NUMBER_HINT = f"Write a number with a decimal point and at most {NUMBER_MINOR_DIGITS} decimals, such as 24 or 0.35."
_DATE_HINT = "Write 2025-07-03, or 2025-07-03T06:00 with or without an offset such as +02:00."
_NULL_HINT = "Send null, or leave the field out, where there is none."


class ValueReader:
    """The readers of one store. `notes` collects the warnings of the values read; the caller takes them away."""

    def __init__(self, settings: StoreSettings) -> None:
        self.notes: list[Note] = []
        self._currency = settings.currency
        self.zone = ZoneInfo(settings.time_zone)
        digits = minor_digits(settings.currency)
        self._minor = Decimal(1).scaleb(-digits)
        self._price_hint = _price_hint(digits)
        # A list has thousands of rows, and few units, dates and prices: what was read without a word is looked up.
        self.known: dict[FieldSpec, dict[object, Stored]] = {spec: {} for spec in FIELDS}
        readers: dict[Kind, Callable[[FieldSpec, object], Stored]] = {
            Kind.TEXT: self._text,
            Kind.PRICE: self._price,
            Kind.CURRENCY: self._own_currency,
            Kind.NUMBER: self._number,
            Kind.FLAG: self._flag,
            Kind.DAY: self._day,
            Kind.MOMENT: self._moment,
            Kind.BARCODES: self._barcodes,
        }
        self._readers = {spec: readers[spec.kind] for spec in FIELDS if spec.kind in readers}

    def read(self, spec: FieldSpec, raw: object) -> Stored:
        """The stored form; None for null, an empty text, or a value that means "not set". Raises `Refused`."""
        known = self.known[spec]
        return known[raw] if raw.__class__ in REMEMBERED and raw in known else self.read_unread(spec, raw)

    def read_unread(self, spec: FieldSpec, raw: object) -> Stored:
        """As `read`, for who has looked into `known` himself."""
        if raw is None:
            return None
        if raw.__class__ not in REMEMBERED:
            return self._readers[spec](spec, raw)
        said = len(self.notes)
        stored = None if is_empty(raw) else self._readers[spec](spec, raw)
        known = self.known[spec]
        if len(self.notes) == said and len(known) < VALUES_REMEMBERED_MAX:
            known[raw] = stored
        return stored

    def barcode(self, raw: object) -> str:
        return read_barcode(raw, self.notes)

    def _note(self, code: str, message: str, hint: str | None = None) -> None:
        self.notes.append(Note(code, message, hint))

    def _price(self, spec: FieldSpec, raw: object) -> str | None:
        raw = raw.strip(BLANKS) if isinstance(raw, str) else raw
        written = exact_decimal(raw, DECIMAL_TEXT)
        if written is None:
            raise Refused("price_format", f"{spec.name}: {shown(raw)} is not a price.", self._price_hint)
        value = exact = in_steps(written, self._minor)
        if value is None and not isinstance(raw, str):
            value = without_noise(written, self._minor)
        if value is None or not 0 <= value < PRICE_BELOW:
            raise self._price_refused(spec, raw, written if value is None else value)
        if exact is None:
            self._note("float_noise", f"{spec.name}: {shown(raw)} was taken as {value}.", 'Send text, as "1.29".')
        if spec.zero_is_unset and not value:
            self._note("zero_as_unset", f"{spec.name}: 0 was taken as not set.", _NULL_HINT)
            return None
        return str(value.copy_abs())

    def _price_refused(self, spec: FieldSpec, raw: object, value: Decimal) -> Refused:
        if value < 0:
            return Refused("price_negative", f"{spec.name}: {shown(raw)} is below zero.", self._price_hint)
        if value >= PRICE_BELOW:
            return Refused(
                "price_too_large", f"{spec.name}: {shown(raw)} is not below {PRICE_BELOW}.", self._price_hint
            )
        message = f"{spec.name}: {shown(raw)} has more decimals than {self._currency} has; nothing is rounded."
        return Refused("price_digits", message, self._price_hint)

    def _number(self, spec: FieldSpec, raw: object) -> str:
        if raw.__class__ is int and -NUMBER_BELOW < raw < NUMBER_BELOW:
            return str(raw)
        raw = raw.strip(BLANKS) if isinstance(raw, str) else raw
        written = exact_decimal(raw, SIGNED_DECIMAL_TEXT)
        if written is None or not -NUMBER_BELOW < written < NUMBER_BELOW:
            raise Refused("number_format", f"{spec.name}: {shown(raw)} is not a number that can be kept.", _NUMBER_HINT)
        value = in_steps(written, _NUMBER_STEP)
        if value is None and not isinstance(raw, str):
            value = without_noise(written, _NUMBER_STEP)
            if value is not None:
                self._note(
                    "float_noise", f"{spec.name}: {shown(raw)} was taken as {value.normalize():f}.", _NUMBER_HINT
                )
        if value is None:
            raise Refused("number_format", f"{spec.name}: {shown(raw)} has too many decimals.", _NUMBER_HINT)
        return f"{value.normalize():f}" if value else "0"

    def _flag(self, spec: FieldSpec, raw: object) -> bool:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, int | Decimal) and raw in (0, 1):
            return bool(raw)
        flag = _FLAGS.get(raw.strip(BLANKS).lower()) if isinstance(raw, str) else None
        if flag is None:
            raise Refused("boolean_format", f"{spec.name}: {shown(raw)} is neither yes nor no.", "Send true or false.")
        return flag

    def _text(self, spec: FieldSpec, raw: object) -> str:
        if isinstance(raw, str):
            text = raw
        elif isinstance(raw, int | Decimal | NumberText) and not isinstance(raw, bool):
            text = number_text(raw)
            self._note("number_as_text", f"{spec.name}: the number {shown(raw)} was taken as text.", "Send a text.")
        else:
            raise Refused("text_wanted", f"{spec.name}: {shown(raw)} is not a text.", "Send a text in quotes.")
        if spec.max_length is not None and len(text) > spec.max_length:
            message = f"{spec.name}: {len(text)} characters are too many."
            raise Refused("too_long", message, f"At most {spec.max_length} characters.")
        text = text.strip(BLANKS)
        refuse_forbidden(spec.name, text)
        return text

    def _own_currency(self, spec: FieldSpec, raw: object) -> str:
        if not isinstance(raw, str) or raw.strip(BLANKS).upper() != self._currency:
            message = f"{spec.name}: {shown(raw)} is not the currency of this store."
            raise Refused("currency_mismatch", message, f"Send {self._currency}, or leave the field out.")
        return self._currency

    def _moment(self, spec: FieldSpec, raw: object) -> str | None:
        moment = self._read_moment(spec, raw)
        return None if moment is None else moment_text(moment)

    def _day(self, spec: FieldSpec, raw: object) -> str | None:
        moment = self._read_moment(spec, raw)
        day = moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment
        return None if day is None else moment_text(day)

    def _read_moment(self, spec: FieldSpec, raw: object) -> date | datetime | None:
        moment: date | datetime | NotSet | None = None
        if isinstance(raw, str):
            moment = read_moment(raw.strip(BLANKS), self.zone)
        if moment is None:
            raise Refused("date_format", f"{spec.name}: {shown(raw)} is not a date.", _DATE_HINT)
        if isinstance(moment, NotSet):
            self._note("date_as_unset", f"{spec.name}: {shown(raw)} was taken as not set.", _NULL_HINT)
            return None
        return moment

    def _barcodes(self, spec: FieldSpec, raw: object) -> Stored:
        """One code or a list of them: each once, in the order sent."""
        items = raw if isinstance(raw, list) else [raw]
        if len(items) > EXTRA_BARCODES_MAX:
            raise Refused("too_many", f"{spec.name}: {len(items)} are too many.", f"At most {EXTRA_BARCODES_MAX}.")
        return list(dict.fromkeys(self.barcode(item) for item in items if not is_empty(item))) or None


def is_empty(raw: object) -> bool:
    """null, or a text of nothing but blanks."""
    return raw is None or (isinstance(raw, str) and not raw.strip(BLANKS))


def _price_hint(digits: int) -> str:
    decimals = f"a decimal point and at most {digits} decimals" if digits else "no decimals"
    return (
        f"Write it with {decimals}, such as {Decimal(129).scaleb(-digits):f}, no thousands separator or currency sign."
    )
