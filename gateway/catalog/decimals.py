"""Exact decimals: what a JSON number or a text says, and whether it fits the steps of a currency.

Rule: nothing here rounds. A printed binary float is recognised and replaced by the value it stands for.
"""

import re
from decimal import Context, Decimal, DecimalException, InvalidOperation

from gateway.catalog.limits import FLOAT_NOISE_DIGITS_MIN, FLOAT_NOISE_WITHIN

DECIMAL_TEXT = re.compile(r"[0-9]+(?:\.[0-9]+)?")
SIGNED_DECIMAL_TEXT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
# Wide enough that no value in range is ever cut; what does not fit raises.
_EXACT = Context(prec=60, traps=[InvalidOperation])


def exact_decimal(raw: object, form: re.Pattern[str]) -> Decimal | None:
    """The decimal of a JSON number, or of a text of that form; None for anything else, booleans too."""
    if isinstance(raw, str):
        return Decimal(raw) if form.fullmatch(raw) else None
    if isinstance(raw, Decimal):
        return raw if raw.is_finite() else None
    return Decimal(raw) if isinstance(raw, int) and not isinstance(raw, bool) else None


def in_steps(written: Decimal, step: Decimal) -> Decimal | None:
    """The same value, written to the digits of `step`; None if it has more of them, or is far out of range."""
    nearest = _nearest(written, step)
    return nearest if nearest == written else None


def without_noise(written: Decimal, step: Decimal) -> Decimal | None:
    """The multiple of `step` that a printed float means: 15 digits or more, and next to nothing away from it."""
    if len(written.as_tuple().digits) < FLOAT_NOISE_DIGITS_MIN:
        return None
    nearest = _nearest(written, step)
    if nearest is None or abs(_EXACT.subtract(nearest, written)) > FLOAT_NOISE_WITHIN:
        return None
    return nearest


def _nearest(written: Decimal, step: Decimal) -> Decimal | None:
    try:
        return written.quantize(step, context=_EXACT)
    except DecimalException:
        return None
