"""Turns the text of a body into plain values, losing nothing that a row must be judged by.

In: the octets (UTF-8, a BOM is skipped) or the text of a body. Out: dict, list, str, bool, None, int, `Decimal`
and, for numbers too long or too large for these, `NumberText`; an object with a key twice is a `RepeatedKeys`.
Rule: no number ever passes through a float. Why the standard decoder: docs/architecture.md.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from msgspec import Struct

from gateway.catalog.limits import DEPTH_MAX, NUMBER_CHARACTERS_MAX


class MalformedBody(ValueError):
    """The body is not JSON, not UTF-8, or nested too deeply. Nothing was taken; answer 400 with the place.

    Usual causes: a body cut off half way, single quotes, a number written as NaN, another character set.
    """

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.line, self.column, self.reason = line, column, reason


class NumberText(Struct, frozen=True):
    """A JSON number no decimal can hold, or longer than any that could matter; its characters as they were sent."""

    text: str


class RepeatedKeys(dict[str, object]):
    """A JSON object in which a key stood more than once. The last value is kept, the keys are remembered."""

    repeated: tuple[str, ...]


class _NotJson(ValueError):
    """NaN or Infinity, which Python's decoder would take."""


def decode_json(body: bytes | str) -> object:
    """The value of a body; an empty body is `{}`. Raises `MalformedBody` and nothing else."""
    text = body.removeprefix("\ufeff") if isinstance(body, str) else _text(body)
    if not text.strip(" \t\r\n"):
        return {}
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedBody(error.lineno, error.colno, error.msg) from None
    except _NotJson as error:
        raise _malformed(text, _first(text, constants=True), f"{error} is not a JSON number") from None
    except RecursionError:
        raise _too_deep(text) from None
    if _is_deeper(value, DEPTH_MAX, brackets=text.count("{") + text.count("[")):
        raise _too_deep(text)
    return value


def _text(body: bytes) -> str:
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        before = body[body.rfind(b"\n", 0, error.start) + 1 : error.start]
        raise MalformedBody(line, len(before.decode(errors="replace")) + 1, "not UTF-8") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    repeated: dict[str, None] = {}
    for key, _ in pairs:
        if key in seen:
            repeated[key] = None
        seen.add(key)
    marked = RepeatedKeys(members)
    marked.repeated = tuple(repeated)
    return marked


def _fraction(text: str) -> Decimal | NumberText:
    if len(text) > NUMBER_CHARACTERS_MAX:
        return NumberText(text)
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        return NumberText(text)


def _integer(text: str) -> int | NumberText:
    return int(text) if len(text) <= NUMBER_CHARACTERS_MAX else NumberText(text)


def _constant(name: str) -> NoReturn:
    raise _NotJson(name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_int=_integer, parse_constant=_constant
)


def _is_deeper(value: object, depth: int, *, brackets: int) -> bool:
    """Whether containers nest more than `depth` levels; walks by levels, so that nothing can recurse.

    `brackets`: as many containers as the text can hold. Once all are met, no value need be looked at any more.
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        brackets -= len(level)
        if not level or not brackets:
            return False
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if child.__class__ in _CONTAINERS
        ]
    return bool(level)


_CONTAINERS = frozenset({dict, list, RepeatedKeys})
_MARKS = re.compile(r'"(?:[^"\\]++|\\.)*+"|NaN|-?Infinity|[\[\]{}]', re.DOTALL)


def _first(text: str, *, constants: bool) -> int:
    """Where the first NaN or Infinity stands, or the first bracket that nests too deeply. Slow, for errors only."""
    depth = 0
    for mark in _MARKS.finditer(text):
        found = mark.group()
        if found in "[{":
            depth += 1
            if depth > DEPTH_MAX and not constants:
                return mark.start()
        elif found in "]}":
            depth -= 1
        elif constants and found[0] != '"':
            return mark.start()
    return 0


def _malformed(text: str, at: int, reason: str) -> MalformedBody:
    return MalformedBody(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), reason)


def _too_deep(text: str) -> MalformedBody:
    return _malformed(text, _first(text, constants=False), f"nested deeper than {DEPTH_MAX}")
