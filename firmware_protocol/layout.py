"""Layouts: a message is a frozen struct whose fields say how they lie on the wire; reading is strict.

In: a class made by `wired`, its fields by `u8()`, `exactly()`, `rest()` and so on. Out: `Layout`, which packs and
unpacks it.
Rule: fixed fields first, at most one field of variable length, last; nothing left over, a cap on all that is counted.
All integers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, IntEnum
from inspect import get_annotations
from operator import attrgetter
from typing import Any, Generic, TypeVar, dataclass_transform

from msgspec import Struct, defstruct

from firmware_protocol.errors import FieldError
from firmware_protocol.identity import TAG_ID_OCTETS, TagId

Message = TypeVar("Message")

_WIRES: dict[type, dict[str, Fixed | Tail]] = {}  # of each class made by `wired`: how its fields lie on the wire


class FieldKind(Enum):
    """What stands in a field, whatever its length."""

    UNSIGNED = "unsigned"
    SIGNED = "signed"
    OCTETS = "octets"
    TAG_ID = "tag id"
    REVERSED_TAG_ID = "tag id, least significant octet first"
    TEXT = "UTF-8"
    ROWS = "rows"
    ITEMS = "items"


class Fixed(Struct, frozen=True):
    """A field of known length: its struct code, its words in the documentation, and what makes a value of it.

    `value_of` raises `ValueError` with the rule that was broken; `raw_of` goes back to what the struct code takes,
    where that is not the value itself. The rule once more as data, for other languages: a number is `at_least` to
    `at_most` (None = what fits), a multiple of `multiple_of`, one of `members`. `kind` says what it is.
    """

    code: str
    words: str
    value_of: Callable[[Any], object] | None = None
    raw_of: Callable[[Any], object] | None = None
    kind: FieldKind = FieldKind.UNSIGNED
    at_least: int = 0
    at_most: int | None = None
    multiple_of: int = 1
    members: type[IntEnum] | None = None

    @property
    def octets(self) -> int:
        return struct.calcsize("<" + self.code)


class Tail(Struct, frozen=True):
    """The last field: everything to the end. `read` raises `ValueError` with the rule, or `FieldError` from within.
    `octets` says how long `write` gets without writing it. `at_least` and `at_most` count octets; of rows, `row` is
    the class of one.
    """

    words: str
    read: Callable[[bytes], object]
    write: Callable[[Any], bytes]
    octets: Callable[[Any], int]
    kind: FieldKind = FieldKind.ITEMS
    at_least: int = 0
    at_most: int | None = None
    row: type[Any] | None = None


# What the field makers return is Any, as with `msgspec.field`: a type checker sees the field's own annotation.


def u8(*, at_least: int = 0, at_most: int | None = None) -> Any:
    return _number("B", "u8", at_most, at_least)


def u16() -> Any:
    return _number("H", "u16", None)


def u32(*, at_least: int = 0, at_most: int | None = None) -> Any:
    return _number("I", "u32", at_most, at_least)


def u64() -> Any:
    return _number("Q", "u64", None)


def i8() -> Any:
    return Fixed("b", "i8", kind=FieldKind.SIGNED)


def u24(*, multiple_of: int = 1) -> Any:
    def value_of(raw: bytes) -> int:
        number = int.from_bytes(raw, "little")
        if number % multiple_of:
            raise ValueError(f"a multiple of {multiple_of}, not {number}")
        return number

    def raw_of(number: int) -> bytes:
        if number % multiple_of:
            raise ValueError(f"a multiple of {multiple_of}, not {number}")
        return number.to_bytes(3, "little")

    words = "u24" if multiple_of == 1 else f"u24, a multiple of {multiple_of}"
    return Fixed("3s", words, value_of, raw_of, multiple_of=multiple_of)


def exactly(count: int) -> Any:
    return Fixed(f"{count}s", f"{count} octets", kind=FieldKind.OCTETS)


def tag() -> Any:
    return Fixed(f"{TAG_ID_OCTETS}s", "TagId, 8 octets", TagId, kind=FieldKind.TAG_ID)


def mirrored_tag() -> Any:
    """A TagId whose least significant octet comes first."""
    return Fixed(
        f"{TAG_ID_OCTETS}s",
        "TagId, 8 octets, reversed",
        lambda raw: TagId(raw[::-1]),
        lambda tag: tag[::-1],
        kind=FieldKind.REVERSED_TAG_ID,
    )


def one_of(kind: type[IntEnum]) -> Any:
    """One octet that must be a member of `kind`."""
    members = {int(member): member for member in kind}
    names = ", ".join(f"{member.value} {member.name.lower()}" for member in kind)

    def value_of(number: int) -> IntEnum:
        if number not in members:
            raise ValueError(f"one of {names}")
        return members[number]

    return Fixed("B", f"u8: {names}", value_of, members=kind)


def rest(*, at_least: int = 0, at_most: int) -> Any:
    """Octets up to the end."""

    def checked(value: bytes) -> bytes:
        if not at_least <= len(value) <= at_most:
            raise ValueError(f"{at_least} to {at_most} octets, not {len(value)}")
        return value

    words = f"{at_least} to {at_most} octets, to the end"
    return Tail(words, checked, checked, len, FieldKind.OCTETS, at_least, at_most)


def text(*, at_most: int) -> Any:
    """UTF-8 up to the end, `at_most` octets."""

    def read(value: bytes) -> str:
        if len(value) > at_most:
            raise ValueError(f"at most {at_most} octets, not {len(value)}")
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise ValueError("UTF-8") from None

    def write(value: str) -> bytes:
        coded = value.encode()
        if len(coded) > at_most:
            raise ValueError(f"at most {at_most} octets, not {len(coded)}")
        return coded

    words = f"UTF-8, at most {at_most} octets, to the end"
    return Tail(words, read, write, lambda value: len(value.encode()), FieldKind.TEXT, 0, at_most)


def rows(kind: type[Any], *, at_most: int) -> Any:
    """Rows of one layout up to the end, `at_most` of them."""
    layout = Layout(kind)

    def read(value: bytes) -> tuple[object, ...]:
        count, left_over = divmod(len(value), layout.size)
        if left_over or count > at_most:
            raise ValueError(f"at most {at_most} rows of {layout.size} octets, not {len(value)} octets")
        starts = range(0, count * layout.size, layout.size)
        return tuple(layout.unpack(value[start : start + layout.size], start) for start in starts)

    def write(value: tuple[object, ...]) -> bytes:
        if len(value) > at_most:
            raise ValueError(f"at most {at_most} rows, not {len(value)}")
        return b"".join(map(layout.pack, value))

    inner = ", ".join(f"{name} {words}" for name, words in layout.fields)
    words = f"at most {at_most} rows of {layout.size} octets, to the end: {inner}"
    octets_max = at_most * layout.size
    return Tail(words, read, write, lambda value: len(value) * layout.size, FieldKind.ROWS, 0, octets_max, kind)


def tail(
    words: str, read: Callable[[bytes], object], write: Callable[[Any], bytes], octets: Callable[[Any], int]
) -> Any:
    """A last field with a reading of its own."""
    return Tail(words, read, write, octets)


def _number(code: str, words: str, at_most: int | None, at_least: int = 0) -> Any:
    if at_most is None:
        return Fixed(code, words)
    limit = at_most
    rule = f"{at_least} to {limit}" if at_least else f"at most {limit}"

    def value_of(number: int) -> int:
        if not at_least <= number <= limit:
            raise ValueError(rule)
        return number

    return Fixed(code, f"{words}, {rule}", value_of, at_least=at_least, at_most=limit)


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(exactly, i8, mirrored_tag, one_of, rest, rows, tag, tail, text, u8, u16, u24, u32, u64),
)
def wired(plain: type[Message]) -> type[Message]:
    """The frozen struct with the fields, words and methods of this class. Raises `TypeError` for a field that does not
    say how it lies on the wire.
    """
    wires: dict[str, Fixed | Tail] = {}
    for name in get_annotations(plain):
        wire = vars(plain).get(name)
        if not isinstance(wire, Fixed | Tail):
            raise TypeError(f"{plain.__name__}.{name} does not say how it lies on the wire")
        wires[name] = wire
    own = {name: value for name, value in vars(plain).items() if name not in {*wires, "__dict__", "__weakref__"}}
    message: type[Any] = defstruct(plain.__name__, wires, namespace=own, module=plain.__module__, frozen=True)
    _WIRES[message] = wires
    return message


def is_wired(message: type[Any]) -> bool:
    """Whether `wired` made this class."""
    return message in _WIRES


def wires_of(message: type[Any]) -> Mapping[str, Fixed | Tail]:
    """How the fields of a class made by `wired` lie on the wire, in their order, by name."""
    return _WIRES[message]


class Layout(Generic[Message]):
    """Packs and unpacks one class made by `wired`. Made once per class, at import."""

    def __init__(self, message: type[Message]) -> None:
        self.message = message
        self.tail: Tail | None = None
        self.tail_name = ""
        self.fields: list[tuple[str, str]] = []  # name, words
        self._checks: list[tuple[int, str, int, Callable[[Any], object]]] = []
        self._raws: list[tuple[int, Callable[[Any], object]]] = []
        names, code, offset = [], "<", 0
        wires = _WIRES[message]
        for index, (name, wire) in enumerate(wires.items()):
            self.fields.append((name, wire.words))
            if isinstance(wire, Tail):
                if index != len(wires) - 1:
                    raise TypeError(f"{message.__name__}.{name} has no fixed length and is not the last field")
                self.tail, self.tail_name = wire, name
                break
            if wire.value_of is not None:
                self._checks.append((index, name, offset, wire.value_of))
            if wire.raw_of is not None:
                self._raws.append((index, wire.raw_of))
            names.append(name)
            code += wire.code
            offset += struct.calcsize("<" + wire.code)
        self.size = offset
        self._struct = struct.Struct(code)
        self._values: Callable[[Message], tuple[object, ...]] = _getter(names)

    def pack(self, message: Message) -> bytes:
        """Raises `struct.error` or `ValueError` for values that do not fit: our own mistake."""
        values: Sequence[object] = self._values(message)
        if self._raws:
            values = list(values)
            for index, raw_of in self._raws:
                values[index] = raw_of(values[index])
        packed = self._struct.pack(*values)
        if self.tail is not None:
            packed += self.tail.write(getattr(message, self.tail_name))
        return packed

    def octets(self, message: Message) -> int:
        """How many `pack` gives."""
        tail = self.tail
        return self.size if tail is None else self.size + tail.octets(getattr(message, self.tail_name))

    def unpack(self, body: bytes, offset: int = 0) -> Message:
        """The message that is exactly `body`. Raises `FieldError`; `offset` is where the body begins, for its place."""
        size, name = self.size, self.message.__name__
        if len(body) != size and (self.tail is None or len(body) < size):
            rule = f"{size} octets" if self.tail is None else f"at least {size} octets"
            raise FieldError(name, f"{len(body)} octets", rule, offset=offset)
        values = list(self._struct.unpack_from(body))
        for index, field_name, place, value_of in self._checks:
            try:
                values[index] = value_of(values[index])
            except ValueError as error:
                raise FieldError(f"{name}.{field_name}", values[index], str(error), offset=offset + place) from None
        if self.tail is not None:
            values.append(self._read_tail(self.tail, body[size:], offset + size))
        return self.message(*values)

    def _read_tail(self, tail: Tail, octets_left: bytes, offset: int) -> object:
        where = f"{self.message.__name__}.{self.tail_name}"
        try:
            return tail.read(octets_left)
        except FieldError as error:
            raise FieldError(f"{where}: {error.field}", error.value, error.rule, offset=offset + error.offset) from None
        except ValueError as error:
            raise FieldError(where, f"{len(octets_left)} octets", str(error), offset=offset) from None


def _getter(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda message: tuple(getattr(message, name) for name in names)
