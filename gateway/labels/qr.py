"""A QR symbol of a tag's code, for the unbound picture: versions 1 to 3, error correction level M, one block.

In: printable ASCII, at most 61 letters of the alphanumeric set or 42 others. Out: rows of modules, True = dark.
Rule: the first version that holds the text, the mask with the lowest penalty. Source: ISO/IEC 18004:2015.
"""

import functools
from collections.abc import Callable, Iterator

Matrix = tuple[tuple[bool, ...], ...]

QUIET_MODULES = 4

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VERSIONS = {1: (16, 10), 2: (28, 16), 3: (44, 26)}  # version: data and correction codewords of its one block, level M
_LEVEL_M = 0b00
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)


@functools.lru_cache(maxsize=64)
def qr(text: str) -> Matrix | None:
    """The symbol; None for a text that version 3 cannot hold."""
    for version, (data_count, correction_count) in _VERSIONS.items():
        bits = _segment(text)
        if len(bits) <= data_count * 8:
            data = _codewords(bits, data_count)
            stream = data + _correction(data, correction_count)
            symbols = (_symbol(version, stream, mask) for mask in range(len(_MASKS)))
            return min(symbols, key=_penalty)
    return None


def _segment(text: str) -> str:
    """Mode, count and data bits (counts are 9 and 8 bits wide in versions 1 to 9)."""
    if set(text) <= set(_ALPHANUMERIC):
        values = [_ALPHANUMERIC.index(letter) for letter in text]
        pairs = [f"{first * 45 + second:011b}" for first, second in zip(values[::2], values[1::2], strict=False)]
        last = [f"{values[-1]:06b}"] if len(values) % 2 else []
        return f"0010{len(text):09b}" + "".join(pairs + last)
    octets = text.encode("ascii", errors="replace")
    return f"0100{len(octets):08b}" + "".join(f"{octet:08b}" for octet in octets)


def _codewords(bits: str, count: int) -> list[int]:
    bits += "0" * min(4, count * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    return words + [(0xEC, 0x11)[place % 2] for place in range(count - len(words))]


def _multiply(first: int, second: int) -> int:
    """In GF(256) with the polynomial x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    while second:
        product ^= first if second & 1 else 0
        first = (first << 1) ^ (0x11D if first & 0x80 else 0)
        second >>= 1
    return product


def _correction(data: list[int], count: int) -> list[int]:
    generator = [1]
    root = 1
    for _ in range(count):
        shifted = [*generator, 0]
        for place, factor in enumerate(generator):
            shifted[place + 1] ^= _multiply(factor, root)
        generator, root = shifted, _multiply(root, 2)
    remainder = [*data, *([0] * count)]
    for place in range(len(data)):
        lead = remainder[place]
        for offset, factor in enumerate(generator):
            remainder[place + offset] ^= _multiply(factor, lead)
    return remainder[len(data) :]


def _symbol(version: int, stream: list[int], mask: int) -> Matrix:
    size = 17 + 4 * version
    fixed = _function_patterns(version, size)
    fixed.update(_format_modules(mask, size))
    modules = [[fixed.get((y, x), False) for x in range(size)] for y in range(size)]
    bits = (bool(word >> shift & 1) for word in stream for shift in range(7, -1, -1))
    for y, x in _data_path(size):
        if (y, x) not in fixed:
            modules[y][x] = next(bits, False) ^ _MASKS[mask](y, x)
    return tuple(tuple(row) for row in modules)


def _function_patterns(version: int, size: int) -> dict[tuple[int, int], bool]:
    fixed: dict[tuple[int, int], bool] = {}
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):  # finders with their separators
        for y in range(max(top - 1, 0), min(top + 8, size)):
            for x in range(max(left - 1, 0), min(left + 8, size)):
                fixed[y, x] = max(abs(y - top - 3), abs(x - left - 3)) in (0, 1, 3)
    if version > 1:  # one alignment pattern
        middle = size - 7
        for y in range(middle - 2, middle + 3):
            for x in range(middle - 2, middle + 3):
                fixed[y, x] = max(abs(y - middle), abs(x - middle)) != 1
    for place in range(8, size - 8):  # timing
        fixed[6, place] = fixed[place, 6] = place % 2 == 0
    return fixed


def _format_modules(mask: int, size: int) -> dict[tuple[int, int], bool]:
    """Fifteen bits (BCH, then masked) twice, and the module that is always dark."""
    value = _LEVEL_M << 3 | mask
    remainder = value << 10
    for shift in range(4, -1, -1):
        if remainder >> (shift + 10) & 1:
            remainder ^= 0b10100110111 << shift
    bits = (value << 10 | remainder) ^ 0b101010000010010
    modules = {(size - 8, 8): True}
    around_corner = [(8, x) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [(y, 8) for y in (7, 5, 4, 3, 2, 1, 0)]
    along_edges = [(size - 1 - n, 8) for n in range(7)] + [(8, size - 8 + n) for n in range(8)]
    for place in range(15):
        dark = bool(bits >> (14 - place) & 1)
        modules[around_corner[place]] = modules[along_edges[place]] = dark
    return modules


def _data_path(size: int) -> Iterator[tuple[int, int]]:
    """Two columns at a time from the right, up and down by turns; column 6 is timing."""
    upwards = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for y in range(size - 1, -1, -1) if upwards else range(size):
            yield y, right
            yield y, right - 1
        upwards = not upwards


def _penalty(symbol: Matrix) -> int:
    size = len(symbol)
    lines = ["".join("01"[dark] for dark in row) for row in (*symbol, *zip(*symbol, strict=True))]
    penalty = 0
    for line in lines:
        runs = line.replace("01", "0 1").replace("10", "1 0").split()
        penalty += sum(len(run) - 2 for run in runs if len(run) >= 5)
        penalty += 40 * sum(line.startswith(("10111010000", "00001011101"), place) for place in range(size - 10))
    for y in range(size - 1):
        for x in range(size - 1):
            penalty += 3 * (len({symbol[y][x], symbol[y][x + 1], symbol[y + 1][x], symbol[y + 1][x + 1]}) == 1)
    dark_percent = 100 * sum(map(sum, symbol)) // size**2
    return penalty + 10 * (abs(dark_percent - 50) // 5)
