"""Money has as many digits behind the point as ISO 4217 gives it."""

import pytest

from gateway.catalog import minor_digits


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("HUF", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("CLF", 4)]
)
def test_a_currency_has_its_digits(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
