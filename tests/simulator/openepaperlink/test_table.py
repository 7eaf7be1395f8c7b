"""The module's table: one slot a tag, and the minute that counts two numbers down."""

import pytest

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import DataType, PendingData
from simulator.openepaperlink.table import SlotTable


def tag_id(number: int) -> TagId:
    return TagId(bytes.fromhex("00000219") + number.to_bytes(4))


def pending(number: int, *, minutes: int = 20, data_type: int = 0x20, next_check_in: int = 0) -> PendingData:
    return PendingData(bytes(8), 100, data_type, 0, next_check_in, minutes, tag_id(number))


def minutes(table: SlotTable, count: int) -> list[list[TagId]]:
    return [table.minute() for _ in range(count)]


def test_a_tag_has_one_slot_which_is_overwritten() -> None:
    table = SlotTable(1)
    assert table.store(pending(1, minutes=5))
    assert table.store(pending(1, minutes=9))
    assert table.of(tag_id(1)) == pending(1, minutes=9)
    assert len(table) == 1


def test_a_full_table_takes_no_other_tag_until_one_is_cleared() -> None:
    table = SlotTable(250)
    assert all(table.store(pending(number)) for number in range(250))
    assert not table.store(pending(250))
    assert table.store(pending(17, minutes=3))
    table.clear(tag_id(99))
    assert table.store(pending(250))
    assert table.of(tag_id(250)) == pending(250)
    assert table.of(tag_id(99)) is None


def test_what_is_stored_for_no_minute_is_not_there() -> None:
    table = SlotTable(1)
    assert table.store(pending(1, minutes=0))
    assert table.of(tag_id(1)) is None
    assert table.store(pending(2))


def test_data_expire_in_their_last_minute_and_no_update_in_silence() -> None:
    table = SlotTable(10)
    table.store(pending(1, minutes=3))
    table.store(pending(2, minutes=2, data_type=DataType.NO_UPDATE))
    assert table.with_data == 1
    assert minutes(table, 2) == [[], []]
    assert table.of(tag_id(2)) is None
    assert table.minute() == [tag_id(1)]
    assert len(table) == 0


def test_the_minute_counts_the_next_check_in_down_as_well() -> None:
    table = SlotTable(1)
    table.store(pending(1, next_check_in=2, minutes=20))
    seen = []
    for _ in range(3):
        table.minute()
        slot = table.of(tag_id(1))
        assert slot is not None
        seen.append((slot.minutes_left, slot.next_check_in))
    assert seen == [(19, 1), (18, 0), (17, 0)]


def test_five_seconds_become_twenty_two_days_at_the_sixth_minute() -> None:
    table = SlotTable(1)
    table.store(pending(1, next_check_in=0x8005))
    seen = []
    for _ in range(6):
        table.minute()
        slot = table.of(tag_id(1))
        assert slot is not None
        seen.append(slot.next_check_in)
    assert seen == [0x8004, 0x8003, 0x8002, 0x8001, 0x8000, 0x7FFF]


@pytest.mark.parametrize(("lost_from", "kept"), [(None, 200), (128, 128)])
def test_builds_that_count_slots_in_eight_bits_lose_those_beyond(lost_from: int | None, kept: int) -> None:
    table = SlotTable(250, lost_from)
    assert all(table.store(pending(number)) for number in range(200))  # it never says so
    assert len(table) == kept
    assert [number for number in range(200) if table.of(tag_id(number)) is not None] == list(range(kept))
