"""The radio module at work: what it answers its host and the tags, and when."""

from typing import Any

import pytest

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import (
    BlockWanted,
    CheckIn,
    DataType,
    PendingData,
    SlotExpired,
    TransferComplete,
    pack,
    pack_block,
)
from firmware_protocol.openepaperlink.reader import InfoItem, Word
from simulator.openepaperlink.builds import C6, C6_DEAF, C6_OF_2024, C6_WITHOUT_SUB_GHZ, TAG_AS_MODULE
from simulator.openepaperlink.module import BOOT_S, FAST_BAUD, SLOW_BAUD, ToHost
from simulator.openepaperlink.radio import (
    ALL_PARTS,
    PARTS_MAX,
    Available,
    BlockRequest,
    Burst,
    Cancelled,
    DoneHeard,
    Ping,
    PleaseWait,
    Pong,
    TransferDone,
)

TAG, OTHER = TagId.parse("00000219B7EA3B1B"), TagId.parse("0000021900000002")
PAYLOAD = b"OEPL example payload\n" * 100
DATA_VER = bytes.fromhex("A0957E7610AC8FCB")
MINUTE_S = 59.9

# openepaperlink-facts.md, 2
SDA = b"SDA>" + bytes.fromhex("C1 A0 95 7E 76 10 AC 8F CB 34 08 00 00 20 00 00 00 14 00 1B 3B EA B7 19 02 00 00")
SDA_SLEEP = b"SDA>" + bytes.fromhex("30") + bytes(12) + bytes.fromhex("00 00 0A 00 14 00 1B 3B EA B7 19 02 00 00")
SDA_FLASH = b"SDA>" + bytes.fromhex("A6 81 3C 13 0A E4 53 0A 03 A3 0A 02 00 AF 04 00 00 14 00 1B 3B EA B7 19 02 00 00")
CXD = b"CXD>" + bytes.fromhex("12") + bytes(18) + bytes.fromhex("1B 3B EA B7 19 02 00 00")
RQB = b"RQB>" + bytes.fromhex("51 A0 95 7E 76 10 AC 8F CB 00 1B 3B EA B7 19 02 00 00")


def asks(tag_id: TagId = TAG) -> CheckIn:
    return CheckIn(tag_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, bytes(8))


def wants(tag_id: TagId = TAG, block_id: int = 0, parts: int = ALL_PARTS, *, is_partial: bool = False) -> BlockRequest:
    return BlockRequest(tag_id, DATA_VER, block_id, DataType.RAW_ONE_PLANE, parts, is_partial)


def bursts_of(module: Any) -> list[Burst]:
    """From now on; the air takes them out of the module as soon as they are there."""
    found: list[Burst] = []
    take = module.to_air

    def taken() -> list[Burst]:
        bursts: list[Burst] = take()
        found.extend(bursts)
        return bursts

    module.to_air = taken
    return found


def data_of(burst: Burst) -> bytes:
    parts = {part.part: part.data for part in burst.parts}
    return b"".join(parts[part] for part in sorted(parts))


# Frames of the facts


def test_the_offer_of_the_facts_is_what_its_tag_is_told(bench: Any) -> None:
    host = bench()
    assert host.ask(SDA) is Word.ACK
    assert host.radio(asks()) == Available(DATA_VER, 2100, 0x20, 0, 0)
    assert host.radio(asks(OTHER)) == Available()
    assert host.ask(SDA_SLEEP) is Word.ACK  # the slot of that tag
    assert host.radio(asks()) == Available(bytes(8), 0, 0, 0, 10)
    assert host.ask(SDA_FLASH) is Word.ACK
    assert host.radio(asks()) == Available(bytes.fromhex("813C130AE4530A03"), 0x00020AA3, 0xAF, 4, 0)
    assert host.ask(CXD) is Word.ACK
    assert host.radio(asks()) == Available()
    assert host.ask(CXD) is Word.ACK  # also when there was none


@pytest.mark.parametrize("verb", [SDA, CXD])
def test_a_struct_with_a_wrong_sum_is_refused_and_changes_nothing(bench: Any, verb: bytes) -> None:
    host = bench()
    assert host.ask(SDA) is Word.ACK
    spoiled = bytearray(verb)
    spoiled[-9] ^= 1
    assert host.ask(bytes(spoiled)) is Word.NOK
    assert host.radio(asks()) == Available(DATA_VER, 2100, 0x20, 0, 0)


@pytest.mark.parametrize("build", [C6, C6_WITHOUT_SUB_GHZ])
@pytest.mark.parametrize(("octets", "channel"), [("15 0B 0A 00", 11), ("23 19 0A 00", 25), ("24 1A 0A 00", 26)])
def test_a_channel_of_four_octets_is_taken_by_every_build(bench: Any, build: Any, octets: str, channel: int) -> None:
    host = bench(build=build)
    assert host.ask(b"SCP>" + bytes.fromhex(octets)) is Word.ACK
    assert (host.module.channel, host.module.power) == (channel, 10)
    assert host.ask(b"RDY?") is Word.ACK


def test_a_channel_of_three_octets_never_reaches_a_build_that_wants_four(bench: Any) -> None:
    three = b"SCP>" + bytes.fromhex("15 0B 0A")
    host = bench(build=C6_WITHOUT_SUB_GHZ)
    assert host.ask(three) is Word.ACK
    assert host.module.channel == 11
    host = bench()
    for _ in range(4):
        host.say(three)
        host.run(0.22)
    assert host.module.channel == 25
    assert set(host.words) == {Word.NOK}


@pytest.mark.parametrize("octets", ["16 0C 0A 00", "0A 00 0A 00", "16 0B 0A 00"])
def test_other_channels_and_wrong_sums_are_refused(bench: Any, octets: str) -> None:
    host = bench()
    assert host.ask(b"SCP>" + bytes.fromhex(octets)) is Word.NOK
    assert host.module.channel == 25


def test_channel_zero_is_taken_with_another_sub_ghz_channel(bench: Any) -> None:
    host = bench()
    assert host.ask(b"SCP>" + bytes.fromhex("6E 00 0A 64")) is Word.ACK
    assert host.module.channel == 0


# Words


def test_it_boots_slowly_on_channel_25_and_says_two_words(bench: Any) -> None:
    host = bench(boot=False)
    host.say(b"RDY?")  # nobody listens
    host.run(BOOT_S - 0.01)
    assert host.said == b""
    host.run(1.0)
    assert host.said == b"RES>RDY>"
    assert host.module.channel == 25
    assert host.bauds == [SLOW_BAUD]


def test_the_info_of_a_build_with_sub_ghz_is_one_string(bench: Any) -> None:
    host = bench()
    assert host.ask(b"NFO?") is Word.ACK
    assert host.said == b"ACK>TYP>C6VER>001FMAC>1B3BEAB719020000ZCH>19SCH>255ZPW>0APEN>00NOP>00"


def test_the_info_counts_slots_with_and_without_data(bench: Any) -> None:
    host = bench(build=C6_WITHOUT_SUB_GHZ)
    for number in range(20):
        host.offer(TagId(number.to_bytes(8)), b"x")
    for number in range(20, 23):
        host.offer(TagId(number.to_bytes(8)), data_type=DataType.NO_UPDATE)
    host.ask(b"NFO?")
    items = [value for _, value in host.heard if isinstance(value, InfoItem)]
    assert items[-2:] == [InfoItem("PEN", "14"), InfoItem("NOP", "03")]
    assert "SCH" not in {item.name for item in items}


def test_a_tag_that_serves_as_a_module_ends_its_words(bench: Any) -> None:
    host = bench(build=TAG_AS_MODULE, boot=False)
    host.run(1.0)
    host.ask(b"NFO?")
    assert host.said == b"RES>\nRDY>\n" + (
        b"ACK>\nTYP>00\nVER>0019\nMAC>1B3BEAB719020000\nZCH>0B\nZPW>0A\nPEN>00\nNOP>00\n"
    )


def test_reset_is_acknowledged_and_does_nothing_but_on_some_builds(bench: Any) -> None:
    host = bench()
    host.ask(SDA)
    assert host.ask(b"RSET") is Word.ACK
    host.run(2.0)
    assert host.words == [Word.ACK, Word.ACK]
    assert host.radio(asks()) == Available(DATA_VER, 2100, 0x20, 0, 0)
    host = bench(build=TAG_AS_MODULE)
    host.ask(SDA)
    assert host.ask(b"RSET") is Word.ACK
    host.run(2.0)
    assert host.words[-2:] == [Word.RESTARTED, Word.READY]
    assert host.radio(asks()) == Available()


def test_the_fast_speed_takes_two_words_the_second_at_that_speed(bench: Any) -> None:
    host = bench()
    host.bauds.clear()
    assert host.ask(b"HSPD") is Word.ACK
    first_s = host.now_s
    host.run(0.09)
    assert host.module.baud == SLOW_BAUD
    host.run(0.02)
    assert host.module.baud == FAST_BAUD
    host.run(1.0)
    assert (host.words, host.bauds) == ([Word.ACK, Word.ACK], [SLOW_BAUD, FAST_BAUD])
    assert [at - first_s for at, _ in host.heard] == pytest.approx([0.0, 0.2])
    assert host.ask(b"HSPD") is Word.ACK  # twice is harmless
    host.run(1.0)
    assert host.ask(b"RDY?") is Word.ACK
    assert host.bauds[-1] == FAST_BAUD


def test_a_tag_that_serves_as_a_module_knows_no_fast_speed(bench: Any) -> None:
    host = bench(build=TAG_AS_MODULE)
    host.say(b"HSPD")
    host.run(2.0)
    assert (host.words, host.module.baud) == ([], SLOW_BAUD)


# Time on the line


def test_an_idle_module_answers_within_a_tenth_of_a_second_and_not_at_once(bench: Any) -> None:
    host = bench()
    waits = []
    for number in range(40):
        host.run(0.5 + 0.0137 * number)
        asked_s = host.now_s
        host.ask(b"RDY?")
        waits.append(host.now_s - asked_s)
    assert max(waits) <= 0.11
    assert max(waits) > 0.08
    assert min(waits) < 0.03


def test_a_tag_wakes_the_module_which_then_looks_at_its_line(bench: Any) -> None:
    host = bench()
    host.run(0.01)
    host.say(b"RDY?")
    host.run(0.001)
    assert host.words == []
    host.run(0.001)
    host.radio(Ping(TAG))
    assert host.words == [Word.ACK]


def test_octets_take_their_time_on_the_line(bench: Any) -> None:
    host = bench()
    host.say(b">D>" + pack_block(PAYLOAD) + b"RDY?")
    host.run(0.35)
    assert host.words == [Word.ACK]  # of the block's verb; 4,139 octets take 359 ms
    host.run(0.15)
    assert host.words == [Word.ACK, Word.ACK]


def test_what_overruns_the_ring_is_lost(bench: Any) -> None:
    host = bench()
    host.say(bytes(8000) + b"RDY?")
    host.run(2.0)
    assert (host.words, host.module.counts.input_lost) == ([], 4)


def test_a_struct_that_pauses_for_a_second_is_given_up(bench: Any) -> None:
    host = bench()
    host.say(SDA[:20])
    host.run(1.3)
    host.say(SDA[20:])
    host.run(1.3)
    assert host.words == []
    assert host.ask(SDA) is Word.ACK
    host.say(SDA[:20])
    host.run(0.7)
    assert host.ask(SDA[20:]) is Word.ACK


def test_a_change_of_channel_is_acknowledged_first_and_then_nothing_is_heard(bench: Any) -> None:
    host = bench()
    host.tune(11)
    assert host.radio(Ping(TAG)) is None
    tuned_s = host.now_s
    assert host.ask(b"RDY?") is Word.ACK
    assert 0.2 <= host.now_s - tuned_s <= 0.4
    assert host.radio(Ping(TAG)) == Pong(11)


# The table


def test_a_full_table_says_so_until_a_slot_is_free(bench: Any) -> None:
    host = bench()
    tags = [TagId(number.to_bytes(8)) for number in range(1, 252)]
    assert {host.offer(tag_id, b"x") for tag_id in tags[:250]} == {Word.ACK}
    assert host.offer(tags[250], b"x") is Word.NOQ
    assert host.offer(tags[7], b"y") is Word.ACK  # it has one
    host.ask(b"CXD>" + pack(PendingData(bytes(8), 0, 0, 0, 0, 0, tags[3])))
    assert host.offer(tags[250], b"x") is Word.ACK


def test_the_distributed_build_loses_slots_beyond_128_without_a_word(bench: Any) -> None:
    host = bench(build=C6_OF_2024)
    tags = [TagId(number.to_bytes(8)) for number in range(1, 131)]
    assert {host.offer(tag_id, b"x") for tag_id in tags} == {Word.ACK}
    told = [host.radio(asks(tag_id)) for tag_id in tags]
    assert [one.data_type for one in told if one is not None] == [0x20] * 128 + [0] * 2


def test_data_that_nobody_fetches_expire_after_their_minutes_and_the_host_is_told(bench: Any) -> None:
    host = bench()
    ticks_s = host.now_s  # counted from the end of its boot
    host.offer(TAG, b"x", minutes=3)
    host.offer(OTHER, data_type=DataType.NO_UPDATE, minutes=2)
    host.run(4 * MINUTE_S)
    assert [value for _, value in host.heard if not isinstance(value, Word)] == [SlotExpired(TAG)]
    assert host.hears(SlotExpired) == [pytest.approx(ticks_s + 3 * MINUTE_S)]
    assert host.radio(asks()) == Available()
    assert host.radio(asks(OTHER)) == Available()


def test_seconds_until_the_next_check_in_turn_into_weeks(bench: Any) -> None:
    host = bench()
    host.offer(TAG, b"x", next_check_in=0x8005, minutes=30)
    told = []
    for _ in range(7):
        answer = host.radio(asks())
        told.append(answer.next_check_in)
        host.run(MINUTE_S)
    assert told == [0x8005, 0x8004, 0x8003, 0x8002, 0x8001, 0x8000, 0x7FFF]


# Check-ins


def test_every_request_that_is_heard_is_told_to_the_host(bench: Any) -> None:
    host = bench()
    for _ in range(3):
        host.radio(asks())
    assert host.said == 3 * (b"ADR>" + bytes.fromhex("12 1B 3B EA B7 19 02 00 00") + bytes(21))


def test_a_transfer_is_told_to_be_complete_once_until_anybody_checks_in(bench: Any) -> None:
    host = bench()
    host.ask(SDA)
    host.radio(wants())
    for _ in range(3):
        assert host.radio(TransferDone(TAG)) == DoneHeard()
    host.radio(TransferDone(OTHER))
    assert host.completed == [TAG, OTHER]
    host.radio(asks(OTHER))
    host.radio(TransferDone(TAG))
    assert host.completed == [TAG, OTHER, TAG]


def test_a_complete_transfer_frees_the_slot_whatever_is_in_it_by_then(bench: Any) -> None:
    host = bench()
    host.ask(SDA)
    host.radio(asks())
    host.offer(TAG, b"another")
    host.radio(TransferDone(TAG))
    assert host.said.endswith(b"XFC>" + bytes.fromhex("12 1B 3B EA B7 19 02 00 00"))
    assert host.radio(asks()) == Available()


def test_until_its_first_block_it_acknowledges_transfers_into_another_network(bench: Any) -> None:
    host = bench()
    assert host.radio(TransferDone(TAG)) is None
    assert host.completed == [TAG]
    host.ask(SDA)
    host.radio(wants())
    assert host.radio(TransferDone(TAG)) == DoneHeard()


# Blocks


def test_a_block_is_asked_for_and_sent_at_its_deadline(bench: Any) -> None:
    host = bench()
    bursts = bursts_of(host.module)
    host.ask(b"HSPD")
    host.run(1.0)
    host.ask(SDA)
    host.payloads[DATA_VER] = PAYLOAD
    asked_s = host.now_s
    host.said.clear()
    assert host.radio(wants(parts=(1 << 22) - 1)) == PleaseWait(140)
    assert host.said == RQB
    host.run(0.139)
    assert bursts == []
    host.run(0.5)
    assert len(bursts) == 1
    assert 0.14 <= bursts[0].starts_s - asked_s <= 0.24
    assert len(bursts[0].parts) == PARTS_MAX
    assert [part.part for part in bursts[0].parts] == [*range(22), *range(20)]  # said again until it has said enough
    assert data_of(bursts[0])[: 4 + len(PAYLOAD)] == bytes.fromhex("340840DB") + PAYLOAD
    assert b"Sending parts: XXXXXXXXXX XXXXXXXXXX XX........ .......... ..\n\r" in host.said
    assert host.module.counts.bursts_incomplete == 0


def test_at_the_slow_speed_a_tag_waits_longer_and_that_is_enough(bench: Any) -> None:
    host = bench()
    bursts = bursts_of(host.module)
    host.ask(SDA)
    host.payloads[DATA_VER] = PAYLOAD
    assert host.radio(wants()) == PleaseWait(550)
    host.run(1.0)
    assert data_of(bursts[0])[: 4 + len(PAYLOAD)] == bytes.fromhex("340840DB") + PAYLOAD


def test_a_block_that_the_host_does_not_give_in_time_is_sent_as_it_is(bench: Any) -> None:
    host = bench()
    bursts = bursts_of(host.module)
    host.ask(SDA)
    host.radio(wants())
    host.run(0.4)
    host.say(b">D>" + pack_block(PAYLOAD)[:1000])
    host.run(1.0)
    assert host.module.counts.bursts_incomplete == 1
    assert data_of(bursts[0])[:1000] == bytes.fromhex("340840DB") + PAYLOAD[:996]
    assert data_of(bursts[0])[1000:1100] == bytes(100)


def test_a_block_that_nobody_gives_begins_with_the_question_itself(bench: Any) -> None:
    host = bench()
    bursts = bursts_of(host.module)
    host.ask(SDA)
    host.payloads[DATA_VER] = PAYLOAD
    host.radio(wants())
    host.run(1.0)
    host.payloads.clear()
    host.radio(wants(block_id=1))
    host.run(1.0)
    assert data_of(bursts[1])[:18] == pack(BlockWanted(DATA_VER, 1, TAG))
    assert data_of(bursts[1])[18:40] == PAYLOAD[14:36]  # and goes on with the block before


def test_while_a_block_is_on_the_air_it_reads_nothing_and_hears_nobody(bench: Any) -> None:
    host = bench()
    bursts = bursts_of(host.module)
    host.ask(SDA)
    host.payloads[DATA_VER] = PAYLOAD
    host.radio(wants())
    while not bursts:
        host.run(0.005)
    words = len(host.words)
    host.say(b"RDY?")
    assert host.radio(asks()) is None
    host.run_until(bursts[0].starts_s + 0.205)
    assert len(host.words) == words
    host.run_until(bursts[0].starts_s + 0.32)
    assert len(host.words) == words + 1
    assert host.radio(asks()) is not None


def test_one_tag_at_a_time(bench: Any) -> None:
    host = bench()
    host.ask(SDA)
    host.offer(OTHER, PAYLOAD)
    host.run(2.0)
    host.radio(wants())
    host.run(1.19)
    assert host.radio(wants(OTHER)) == Cancelled()
    assert host.said.endswith(b"BUSY!\n\r")
    host.run(0.02)
    assert isinstance(host.radio(wants(OTHER)), PleaseWait)
    assert host.radio(wants()) == Cancelled()


def test_a_tag_without_a_slot_is_told_to_give_up(bench: Any) -> None:
    host = bench()
    assert host.radio(wants()) == Cancelled()
    assert host.hears(BlockWanted) == []


def test_a_block_that_is_there_is_sent_soon_and_not_asked_for_again(bench: Any) -> None:
    host = bench()
    host.ask(SDA)
    host.payloads[DATA_VER] = PAYLOAD
    host.radio(wants())
    host.run(1.0)
    assert host.radio(wants(parts=0b100, is_partial=True)) == PleaseWait(30)
    assert len(host.blocks_wanted) == 1
    host.run(0.5)
    assert b"Sending parts: ..X......." in host.said
    host.offer(OTHER, PAYLOAD)
    host.run(1.3)
    assert host.radio(wants(OTHER, is_partial=True)) == PleaseWait(30)  # the same block of the same picture
    assert len(host.blocks_wanted) == 1


def test_a_block_wanted_anew_is_asked_for_again_after_380_milliseconds(bench: Any) -> None:
    host = bench()
    host.ask(SDA)
    host.payloads[DATA_VER] = PAYLOAD
    host.radio(wants())
    host.run(0.3)
    assert host.radio(wants()) == PleaseWait(30)
    assert host.said.endswith(b"IGNORED\n\r")
    assert len(host.blocks_wanted) == 1
    host.run(0.5)
    assert host.radio(wants()) == PleaseWait(550)
    assert b"FORCED\n\rRQB>" in host.said
    assert len(host.blocks_wanted) == 2


def test_a_request_that_is_repeated_moves_the_deadline_forward(bench: Any) -> None:
    host = bench()
    bursts = bursts_of(host.module)
    host.ask(SDA)
    asked_s = host.now_s
    assert host.radio(wants()) == PleaseWait(550)
    host.run(0.01)
    assert host.radio(wants()) == PleaseWait(30)
    host.run(0.2)
    assert [burst.starts_s - asked_s < 0.15 for burst in bursts] == [True]


def test_a_request_for_another_block_while_one_is_due_is_asked_for_and_sent_soon(bench: Any) -> None:
    host = bench()
    host.ask(SDA)
    assert host.radio(wants()) == PleaseWait(550)
    assert host.radio(wants(block_id=1)) == PleaseWait(30)
    assert [one.block_id for one in host.blocks_wanted] == [0, 1]


def test_a_request_for_no_part_is_sent_the_first(bench: Any) -> None:
    host = bench()
    bursts = bursts_of(host.module)
    host.ask(SDA)
    host.radio(wants(parts=0))
    host.run(1.0)
    assert b"Invalid block request received, 0 parts..\n\r" in host.said
    assert {part.part for part in bursts[0].parts} == {0}


# Restarts and faults


def test_a_restart_forgets_all_but_its_address(bench: Any) -> None:
    host = bench()
    host.ask(b"HSPD")
    host.run(1.0)
    host.tune(11)
    host.ask(SDA)
    host.module.restart(host.now_s)
    assert host.radio(asks()) is None
    host.said.clear()
    host.run(1.0)
    assert host.said == b"RES>RDY>"
    assert host.bauds[-1] == SLOW_BAUD
    assert host.radio(asks()) == Available()
    host.said.clear()
    host.ask(b"NFO?")
    assert b"MAC>1B3BEAB719020000ZCH>19" in host.said
    assert b"PEN>00" in host.said


def test_a_restart_in_mid_struct_leaves_no_trace_of_it(bench: Any) -> None:
    host = bench()
    host.say(SDA[:15])
    host.run(0.2)
    host.module.restart(host.now_s)
    host.run(BOOT_S)
    assert host.ask(b"RDY?") is Word.ACK


def test_a_deaf_build_hears_twenty_frames(bench: Any) -> None:
    host = bench(build=C6_DEAF)
    answers = [host.radio(asks()) for _ in range(22)]
    assert [answer is not None for answer in answers] == [True] * 20 + [False] * 2
    assert host.ask(b"RDY?") is Word.ACK  # its host sees nothing amiss
    host.module.restart(host.now_s)
    host.run(1.0)
    assert host.radio(asks()) is not None


def test_what_is_said_carries_its_speed(bench: Any) -> None:
    host = bench(boot=False)
    host.air.advance(BOOT_S)
    host.air.host_says(b"HSPD", BOOT_S)
    host.air.advance(BOOT_S + 1.0)
    assert host.air.to_host() == [ToHost(SLOW_BAUD, b"RES>RDY>ACK>"), ToHost(FAST_BAUD, b"ACK>")]


def test_a_transfer_that_its_tag_ends_is_told_in_the_octets_of_the_facts(bench: Any) -> None:
    host = bench()
    host.radio(TransferDone(TAG))
    assert host.said == b"XFC>" + bytes.fromhex("12 1B 3B EA B7 19 02 00 00")
    assert host.hears(TransferComplete, TAG) != []
