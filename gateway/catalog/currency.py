"""How many digits the money of a currency has behind the point (ISO 4217, minor units; two where not listed)."""

_DIGITLESS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"
_MINOR_DIGITS = {
    currency: digits
    for digits, currencies in ((0, _DIGITLESS), (3, _THREE_DIGITS), (4, _FOUR_DIGITS))
    for currency in currencies.split()
}


def minor_digits(currency: str) -> int:
    return _MINOR_DIGITS.get(currency, 2)
