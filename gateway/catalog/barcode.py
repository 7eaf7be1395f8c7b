"""Barcodes as they come: exact text, never padded or converted; the check digit is only ever a warning.

Source: the POS contract, Rows; GS1 General Specifications, check digit calculation.
"""

import re

from gateway.catalog.decode import NumberText
from gateway.catalog.limits import BARCODE_LENGTH_MAX
from gateway.catalog.refusals import Note, Refused, number_text, shown

BLANKS = " \t\r\n"
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]+")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_AS_TEXT = "Send the barcode as text, in quotes."


def read_barcode(raw: object, notes: list[Note]) -> str:
    """The barcode, trimmed; warnings are added to `notes`. Raises `Refused`."""
    text = raw.strip(BLANKS) if isinstance(raw, str) else _digits(raw)
    if text is None:
        raise Refused("barcode_format", f"{shown(raw)} is not a barcode.", _AS_TEXT)
    if len(text) > BARCODE_LENGTH_MAX or not _PRINTABLE_ASCII.fullmatch(text):
        message = f"The barcode {shown(raw)} is too long, or has characters that no barcode has."
        raise Refused("barcode_format", message, f"1 to {BARCODE_LENGTH_MAX} printable ASCII characters.")
    if not isinstance(raw, str):
        message = f"The barcode {text} came as a number; zeros in front of it would have been lost."
        notes.append(Note("barcode_number", message, _AS_TEXT))
    if len(text) in _GTIN_LENGTHS and text.isdigit() and not has_check_digit(text):
        message = f"The last digit of the barcode {text} is not its check digit."
        notes.append(Note("check_digit", message, "Fine for the store's own codes; else look for a typing error."))
    return text


def has_check_digit(digits: str) -> bool:
    """Whether the last digit of a GTIN is the one that its other digits give: weights 3 and 1 from the right."""
    octets = digits.encode()
    thrice, once = octets[-2::-2], octets[::-2]
    return (3 * (sum(thrice) - 48 * len(thrice)) + sum(once) - 48 * len(once)) % 10 == 0  # "0" is octet 48


def _digits(raw: object) -> str | None:
    if isinstance(raw, NumberText):
        return raw.text if raw.text.isdigit() else None
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return number_text(raw)
    return None
