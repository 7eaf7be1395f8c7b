"""Parts, blocks and the root: what a transfer asks for, takes and refuses."""

import pytest

from firmware_protocol import Codec, Manifest
from firmware_protocol.content import NO_BASE
from firmware_protocol.encoding import BLOCK_OCTETS, encoding_of
from firmware_protocol.poll import PART_OCTETS
from firmware_protocol.tag.transfer import BAD_BLOCKS_MAX, Transfer

LONG = encoding_of(Codec.RAW, NO_BASE, bytes(number % 251 for number in range(7 * BLOCK_OCTETS + 7)))
SHORT = encoding_of(Codec.RAW, NO_BASE, bytes(range(250)))


def transfer_of(encoding, /):
    return Transfer(Manifest.showing(0, 1, bytes(16), encoding))


def parts_of(encoding):
    stream = encoding.stream
    return {start: stream[start : start + PART_OCTETS] for start in range(0, len(stream), PART_OCTETS)}


@pytest.mark.parametrize("encoding", [SHORT, LONG], ids=["one block", "table and blocks"])
@pytest.mark.parametrize("order", [sorted, lambda offsets: sorted(offsets, reverse=True)], ids=["ahead", "backwards"])
def test_the_last_part_of_any_order_gives_the_whole_encoding(encoding, order):
    transfer, parts = transfer_of(encoding), parts_of(encoding)
    asked = transfer.request()
    assert asked is not None
    assert asked.offsets() == tuple(sorted(parts))
    *first, last = order(parts)
    assert [transfer.take(offset, parts[offset]) for offset in first] == [None] * len(first)
    assert transfer.request().offsets() == (last,)
    assert transfer.take(last, parts[last]) == encoding.data
    assert transfer.request() is None


def test_a_part_that_does_not_fit_or_is_here_already_is_dropped():
    transfer, parts = transfer_of(SHORT), parts_of(SHORT)
    assert transfer.take(1, parts[0]) is None
    assert transfer.take(0, parts[0][:-1]) is None
    assert transfer.take(3 * PART_OCTETS, parts[0]) is None
    assert transfer.request().offsets() == (0, 99, 198)
    assert transfer.take(0, parts[0]) is None
    assert transfer.take(0, bytes(PART_OCTETS)) is None
    assert transfer.take(99, parts[99]) is None
    assert transfer.take(198, parts[198]) == SHORT.data


def test_the_parts_of_a_bad_block_are_asked_for_again_and_its_neighbours_are_kept():
    transfer, parts = transfer_of(LONG), parts_of(LONG)
    spoilt = next(offset for offset in parts if offset > BLOCK_OCTETS * 2)
    for offset, octets in parts.items():
        assert transfer.take(offset, bytes(len(octets)) if offset == spoilt else octets) is None
    again = transfer.request().offsets()
    assert spoilt in again
    assert len(again) <= BLOCK_OCTETS // PART_OCTETS + 2
    assert [transfer.take(offset, parts[offset]) for offset in again][-1] == LONG.data


def test_a_block_that_came_whole_after_the_transfer_had_stopped_counts_in_the_next_contact():
    transfer, parts = transfer_of(LONG), parts_of(LONG)
    table_end = len(LONG.stream) - len(LONG.data)
    table = [offset for offset in parts if offset < table_end]
    middles = [table_end + 2 * bad * BLOCK_OCTETS + BLOCK_OCTETS // 2 for bad in range(BAD_BLOCKS_MAX)]
    for offset, octets in parts.items():
        if offset not in table:
            bad = any(offset <= middle < offset + PART_OCTETS for middle in middles)
            transfer.take(offset, bytes(len(octets)) if bad else octets)
    for offset in table:  # only now the blocks can be judged: every other one is bad, and with the third it stops
        transfer.take(offset, parts[offset])
    assert transfer.stopped
    assert transfer.request() is None
    transfer.contact_begins()
    assert [transfer.take(offset, parts[offset]) for offset in transfer.request().offsets()][-1] == LONG.data
