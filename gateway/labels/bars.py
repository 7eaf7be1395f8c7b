"""Linear codes as runs of modules: EAN-13, EAN-8, UPC-A, and Code 128 for every other code.

In: the barcode as the product has it. Out: `Bars`: patterns of modules ("1" = bar), to be drawn one after the other.
Rule: a code is never padded, converted or made up; a GTIN with a wrong check digit is a shop's own code (Code 128).
Source: GS1 General Specifications 5.2 (EAN/UPC symbols), 5.4 (Code 128); quiet zones of table 5.2.3.4 and 5.4.
"""

import functools

from msgspec import Struct

_L = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
_R = tuple(pattern.translate(str.maketrans("01", "10")) for pattern in _L)
_G = tuple(pattern[::-1] for pattern in _R)
_FIRST_DIGIT = (  # which of the left six digits are of set G, by the thirteenth digit that has no bars
    "LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL",
)  # fmt: skip
_LEFT = {"L": dict(zip("0123456789", _L, strict=True)), "G": dict(zip("0123456789", _G, strict=True))}
_RIGHT = dict(zip("0123456789", _R, strict=True))
_GUARD, _CENTRE = "101", "01010"

# Widths of bar, space, bar, space, bar, space for each of the 106 symbols, and the stop with its seventh bar.
_CODE_128 = (
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
)  # fmt: skip
_CODE_B, _CODE_C, _START_B, _START_C, _STOP = 100, 99, 104, 105, 106


class Bars(Struct, frozen=True):
    """`patterns`: "1" a bar, "0" a space, one module each. `quiet`: modules to be left white on either side."""

    patterns: tuple[str, ...]
    quiet: tuple[int, int]
    modules: int

    @property
    def whole_modules(self) -> int:
        return self.modules + self.quiet[0] + self.quiet[1]


@functools.lru_cache(maxsize=4096)
def bars(code: str) -> Bars | None:
    """The symbol of a code; None where there is none (empty, or letters that Code 128 B does not have)."""
    if code.isascii() and code.isdigit() and len(code) in (8, 12, 13) and has_check_digit(code):
        if len(code) == 8:
            return Bars(_ean_8(code), (7, 7), 67)
        return Bars(_ean_13(code.zfill(13)), (11, 7) if len(code) == 13 else (9, 9), 95)
    if code and all(" " <= letter <= "~" for letter in code):
        patterns = _code_128(code)
        return Bars(patterns, (10, 10), sum(map(len, patterns)))
    return None


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit (weights 3, 1 from the right) of those before it."""
    values = [*map(int, digits)]
    return (sum(values[-1::-2]) + 3 * sum(values[-2::-2])) % 10 == 0


def _ean_13(digits: str) -> tuple[str, ...]:
    sets = _FIRST_DIGIT[int(digits[0])]
    left = [_LEFT[which][digit] for which, digit in zip(sets, digits[1:7], strict=True)]
    return (_GUARD, *left, _CENTRE, *[_RIGHT[digit] for digit in digits[7:]], _GUARD)


def _ean_8(digits: str) -> tuple[str, ...]:
    left, right = digits[:4], digits[4:]
    return (_GUARD, *[_LEFT["L"][digit] for digit in left], _CENTRE, *[_RIGHT[digit] for digit in right], _GUARD)


def _code_128(text: str) -> tuple[str, ...]:
    values = _code_128_values(text)
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    return tuple(_modules(_CODE_128[value]) for value in (*values, check, _STOP))


def _code_128_values(text: str) -> list[int]:
    """Start symbol and data: pairs of digits in set C where four or more digits stand together, else set B."""
    values: list[int] = []
    in_c = False
    place = 0
    while place < len(text):
        digits = _digits_at(text, place)
        if digits >= 4 or (digits >= 2 and digits == len(text)):
            values += [] if in_c else [_CODE_C if values else _START_C]
            in_c = True
            values += [int(text[i : i + 2]) for i in range(place, place + digits, 2)]
            place += digits
        else:
            values += [_CODE_B if values else _START_B] if in_c or not values else []
            in_c = False
            values.append(ord(text[place]) - 32)
            place += 1
    return values


def _digits_at(text: str, place: int) -> int:
    """How many digits stand from here on, an even number of them."""
    end = place
    while end < len(text) and text[end].isdigit():
        end += 1
    return (end - place) // 2 * 2


def _modules(widths: str) -> str:
    return "".join("10"[place % 2] * int(width) for place, width in enumerate(widths))
