"""Every declared message, with any values its fields may have, is read as it was written, and written as it was read.

The values come out of the tables: a row that is declared tomorrow is tried, too.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from firmware_protocol.identity import TagId
from firmware_protocol.layout import FieldKind, Fixed, Tail, wires_of
from firmware_protocol.link import messages
from firmware_protocol.link.payload import pack_payloads, unpack_payload
from firmware_protocol.openepaperlink.frames import (
    BlockWanted,
    ChannelPower,
    CheckIn,
    PendingData,
    ReturnedData,
    SlotExpired,
    TransferComplete,
    pack,
    unpack,
)
from firmware_protocol.poll import FRAME_OCTETS_MAX, FRAMES, ITEMS_DOWN, ITEMS_UP, pack_frame, unpack_down, unpack_up
from firmware_protocol.tlv import COMMANDS, RESPONSES, pack_tlv, unpack_commands, unpack_responses

MODULE_KINDS = (PendingData, ChannelPower, CheckIn, BlockWanted, TransferComplete, SlotExpired, ReturnedData)
ITEMS_OF = {"Contact": ITEMS_UP, "Answer": ITEMS_DOWN}


def values(message: type[Any]) -> st.SearchStrategy[Any]:
    """Any message of this class."""
    return st.tuples(*(_values(message, wire) for wire in wires_of(message).values())).map(lambda one: message(*one))


def _values(message: type[Any], wire: Fixed | Tail) -> st.SearchStrategy[Any]:
    if isinstance(wire, Tail):
        return _tails(message, wire)
    if wire.members is not None:
        return st.sampled_from(list(wire.members))
    if wire.kind in (FieldKind.TAG_ID, FieldKind.REVERSED_TAG_ID):
        return st.binary(min_size=8, max_size=8).map(TagId)
    if wire.kind is FieldKind.OCTETS:
        return st.binary(min_size=wire.octets, max_size=wire.octets)
    if _is_taken_apart(wire):
        largest = (1 << 8 * wire.octets) - 1
        numbers = st.integers(0, largest)
        raws = (
            numbers.map(lambda number: number.to_bytes(wire.octets, "little")) if wire.code.endswith("s") else numbers
        )
        return raws.map(wire.value_of)  # type: ignore[arg-type]
    if wire.kind is FieldKind.SIGNED:
        return st.integers(-(1 << 8 * wire.octets - 1), (1 << 8 * wire.octets - 1) - 1)
    most = (1 << 8 * wire.octets) - 1 if wire.at_most is None else wire.at_most
    step = wire.multiple_of
    return st.integers(-(-wire.at_least // step), most // step).map(lambda number: number * step)


def _is_taken_apart(wire: Fixed) -> bool:
    """Its value has parts, as an LED's colour has."""
    if wire.value_of is None or wire.raw_of is None:
        return False
    return isinstance(wire.value_of(bytes(wire.octets) if wire.code.endswith("s") else 0), Struct)


def _tails(message: type[Any], wire: Tail) -> st.SearchStrategy[Any]:
    if wire.kind is FieldKind.ITEMS:
        kinds = [row.message for row in ITEMS_OF[message.__name__].values()]
        return st.lists(st.one_of([values(kind) for kind in kinds]), max_size=3).map(tuple)
    most = min(wire.at_most or 0, 200)
    if wire.row is not None:
        return st.lists(values(wire.row), max_size=5).map(tuple)
    if wire.kind is FieldKind.TEXT:
        return st.text(max_size=most).filter(lambda text: len(text.encode(errors="replace")) <= most and _is_utf8(text))
    return st.binary(min_size=wire.at_least, max_size=most)


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _one(octets: bytes, read: Callable[[bytes], list[Any]]) -> Any:
    (message,) = read(octets)
    return message


@pytest.mark.parametrize("row", COMMANDS.values(), ids=lambda row: row.name)
@settings(max_examples=60)
@given(data=st.data())
def test_every_command(row: Any, data: st.DataObject) -> None:
    message = data.draw(values(row.message))
    assert _one(pack_tlv(message), unpack_commands) == message


@pytest.mark.parametrize("row", RESPONSES.values(), ids=lambda row: row.name)
@settings(max_examples=60)
@given(data=st.data())
def test_every_response(row: Any, data: st.DataObject) -> None:
    message = data.draw(values(row.message))
    assert _one(pack_tlv(message), unpack_responses) == message


@pytest.mark.parametrize("row", [*ITEMS_UP.values(), *ITEMS_DOWN.values()], ids=lambda row: row.name)
@settings(max_examples=60)
@given(data=st.data())
def test_every_item(row: Any, data: st.DataObject) -> None:
    item = data.draw(values(row.message))
    packed = row.layout.pack(item)
    assert row.layout.unpack(packed) == item
    assert row.layout.octets(item) == len(packed)


@pytest.mark.parametrize("row", FRAMES.values(), ids=lambda row: row.name)
@settings(max_examples=60)
@given(data=st.data())
def test_every_frame_that_the_radio_takes(row: Any, data: st.DataObject) -> None:
    frame = data.draw(values(row.message))
    read = unpack_up if row.name == "Contact" else unpack_down
    if row.layout.octets(frame) + 1 > FRAME_OCTETS_MAX:
        with pytest.raises(ValueError, match="the radio takes"):
            pack_frame(frame)
    else:
        assert read(pack_frame(frame)) == frame


@pytest.mark.parametrize("row", [*messages.UP.values(), *messages.DOWN.values()], ids=lambda row: row.name)
@settings(max_examples=60)
@given(data=st.data(), number=st.integers(0, 2**32 - 1))
def test_every_link_message_alone_in_a_payload(row: Any, data: st.DataObject, number: int) -> None:
    message = data.draw(values(row.message))
    (octets,) = pack_payloads([message], number)
    read = unpack_payload(octets)
    assert (read.first_number, read.messages) == (number, (message,))


@pytest.mark.parametrize("kind", MODULE_KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_every_struct_of_a_radio_module(kind: type[Any], data: st.DataObject) -> None:
    said = data.draw(values(kind))
    assert unpack(kind, pack(said)) == said
