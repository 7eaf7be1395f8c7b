"""Inputs for the fuzzing: octets at random, valid frames changed, and frames made of the tables, nearly right.

In: dice. Out: octets. Rule: the same dice give the same inputs; nothing here judges.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from random import Random

from cobs import cobs

from firmware_protocol.catalogue import CATALOGUE, Group, Structure
from firmware_protocol.layout import FieldKind, Fixed, Tail
from firmware_protocol.link.limits import PAYLOAD_OCTETS_MAX
from firmware_protocol.openepaperlink.frames import BLOCK_OCTETS, BLOCK_WIRE_OCTETS

_NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFE,
    0xFF,
    98,
    99,
    0x0FFF,
    0x1000,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x40000,
    0x7FFFFFFF,
    0xFFFFFFFF,
)
_DENSE_EVERY = 200  # payloads of as many messages as fit cost milliseconds each


def at_random(dice: Random, octets_max: int) -> bytes:
    return dice.randbytes(dice.choice((dice.randrange(9), dice.randrange(octets_max + 1))))


def changed(dice: Random, octets: bytes, others: Sequence[bytes]) -> bytes:
    """One to four changes: bits, octets, numbers, cuts, repeats, and pieces of other frames."""
    made = bytearray(octets)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 4))):
        place = dice.randrange(len(made) + 1)
        match dice.randrange(10):
            case 0 | 1 if place < len(made):
                made[place] ^= 1 << dice.randrange(8)
            case 2 | 3 if place < len(made):
                made[place] = dice.choice(_NUMBERS) & 0xFF
            case 4:
                octets_long = dice.choice((2, 3, 4))
                made[place : place + octets_long] = (dice.choice(_NUMBERS) & (1 << 8 * octets_long) - 1).to_bytes(
                    octets_long, "little"
                )
            case 5:
                del made[place : place + dice.choice((1, 1, 2, 8, len(made)))]
            case 6:
                made[place:place] = dice.randbytes(dice.choice((1, 1, 2, 8)))
            case 7:
                end = place + dice.randrange(1, 17)
                made[place:place] = made[place:end]
            case 8:
                del made[place:]
            case _:
                other = dice.choice(others)
                cut = dice.randrange(len(other) + 1)
                made[place:] = other[cut:]
    return bytes(made)


def structured(dice: Random, structure: Structure) -> bytes:
    """Its fields at random, nearly always within their rules."""
    items = Group.ITEM_UP if structure.name == "Contact" else Group.ITEM_DOWN
    return b"".join(_field(dice, piece.wire, items) for piece in structure.pieces)


def _field(dice: Random, wire: Fixed | Tail, items: Group) -> bytes:
    if isinstance(wire, Tail):
        return _tail(dice, wire, items)
    if wire.kind is not FieldKind.UNSIGNED or dice.randrange(40) == 0:
        return dice.randbytes(wire.octets)
    if wire.members is not None:
        return bytes((dice.choice(list(wire.members)),))
    most = (1 << 8 * wire.octets) - 1 if wire.at_most is None else wire.at_most
    number = dice.choice((wire.at_least, most, dice.randint(wire.at_least, most), min(most, dice.choice(_NUMBERS))))
    return (number - number % wire.multiple_of).to_bytes(wire.octets, "little")


def _tail(dice: Random, wire: Tail, items: Group) -> bytes:
    if wire.kind is FieldKind.ITEMS:
        bodies = [(one.code or 0, structured(dice, one)) for one in dice.choices(CATALOGUE[items], k=dice.randrange(4))]
        return b"".join(bytes((code, len(body) & 0xFF)) + body for code, body in bodies)
    most = wire.at_most or 0
    count = dice.choice((wire.at_least, most, dice.randint(wire.at_least, min(most, wire.at_least + 40))))
    if wire.row is not None:
        row = next(one for one in CATALOGUE[Group.ROW] if wire.row is not None and one.name == wire.row.__name__)
        return b"".join(structured(dice, row) for _ in range(min(count // row.octets, 12)))
    if wire.kind is FieldKind.TEXT:
        return "".join(dice.choices("aZ9 čß€😀", k=count // 4)).encode()
    return dice.randbytes(count)


def tlvs(dice: Random, group: Group) -> bytes:
    made = b""
    for one in dice.choices(CATALOGUE[group], k=dice.randint(1, 6)):
        body = structured(dice, one)
        made += bytes(((one.code or 0) if one.mask == 0xFF else (len(body) - 1 & 15) << 4 | (one.code or 0),)) + body
    return made


def frame(dice: Random, *, up: bool) -> bytes:
    frames = [one for one in CATALOGUE[Group.FRAME] if (one.name == "Contact") is up]
    return structured(dice, dice.choice(frames))


def messages(dice: Random) -> bytes:
    group = dice.choice((Group.LINK_UP, Group.LINK_DOWN))
    return b"".join(_message(dice, one) for one in dice.choices(CATALOGUE[group], k=dice.randint(1, 4)))


def _message(dice: Random, one: Structure) -> bytes:
    body = structured(dice, one)
    return bytes((one.code or 0,)) + len(body).to_bytes(2, "little") + body


def payload(dice: Random) -> bytes:
    """Few messages, or, now and then, of one message as many as fit."""
    if dice.randrange(_DENSE_EVERY):
        return with_crc(b"\x01\0" + bytes(4) + dice.randbytes(4) + messages(dice))
    one = _message(dice, dice.choice(CATALOGUE[dice.choice((Group.LINK_UP, Group.LINK_DOWN))]))
    return with_crc(b"\x01\0" + bytes(8) + one * ((PAYLOAD_OCTETS_MAX - 10) // len(one)))


def with_crc(octets: bytes) -> bytes:
    """A payload's check sum made right."""
    return octets[:2] + zlib.crc32(octets[6:]).to_bytes(4, "little") + octets[6:]


def in_cobs(octets: bytes) -> bytes:
    """A serial frame's head and data, with its CRC-32, in COBS, with its zero."""
    coded: bytes = cobs.encode(octets + zlib.crc32(octets).to_bytes(4, "little"))
    return coded + b"\0"


def out_of_cobs(octets: bytes) -> bytes:
    """Head and data of one serial frame."""
    plain: bytes = cobs.decode(octets.rstrip(b"\0"))
    return plain[:-4]


def with_sum(octets: bytes) -> bytes:
    """A module's verb and struct, its check sum made right."""
    return octets[:4] + bytes((sum(octets[5:]) & 0xFF,)) + octets[5:] if len(octets) > 5 else octets


def block(dice: Random) -> bytes:
    """A module's block: masked, its size and sum nearly right."""
    data = dice.randbytes(BLOCK_OCTETS)
    size = dice.choice((BLOCK_OCTETS, dice.randrange(BLOCK_OCTETS + 2)))
    total = sum(data[:size]) + (dice.randrange(4) == 0) & 0xFFFF
    plain = size.to_bytes(2, "little") + total.to_bytes(2, "little") + data
    return bytes(octet ^ 0xAA for octet in plain)[: BLOCK_WIRE_OCTETS - (dice.randrange(8) == 0)]


def deflated(dice: Random, plain: bytes, window_bits: int) -> bytes:
    packer = zlib.compressobj(dice.choice((1, 6)), zlib.DEFLATED, window_bits)
    return packer.compress(plain) + packer.flush()
