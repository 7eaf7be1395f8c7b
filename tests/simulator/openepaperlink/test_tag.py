"""Tags at work with a module and a host: what they fetch, confirm, draw and refuse, by the family of their firmware."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from firmware_protocol import TagId
from firmware_protocol.openepaperlink.frames import (
    BlockWanted,
    CheckIn,
    DataType,
    PendingData,
    SlotExpired,
    WakeReason,
    pack,
)
from firmware_protocol.openepaperlink.picture import Payload, payload_of
from firmware_protocol.openepaperlink.reader import Word
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES, TagType
from simulator.openepaperlink.families import EFR32, FAMILIES, NRF, ZBS, Family, own_interval_s
from simulator.openepaperlink.radio import (
    Available,
    BlockPart,
    BlockRequest,
    FromTag,
    Ping,
    PleaseWait,
    Pong,
    ToTag,
    TransferDone,
)
from simulator.openepaperlink.tag import Held, OeplTag, Order, splash

M2_154, M2_29, M2_42, M3_29_BWRY, HS_213 = (TAG_TYPES[number] for number in (0x00, 0x01, 0x02, 0x2B, 0x54))
NO_ZLIB = 0x20  # a software version
SPLASH_S = 6.0  # scan and first check-in, with room above


def make_tag(kind: TagType = M2_154, family: Family = ZBS, number: int = 1, **others: Any) -> OeplTag:
    return OeplTag(TagId(bytes.fromhex("00000219") + number.to_bytes(4)), kind, family, **others)


def planes_for(kind: TagType, seed: int = 1) -> tuple[bytes, ...]:
    """Noise, as such a glass can show it: what is inked is white in the black plane."""
    draws = Random(seed)
    size, colours = kind.panel.plane_octets, kind.panel.colours

    def noise() -> int:
        return int.from_bytes(draws.randbytes(size))

    inks: list[int] = []
    for _ in range(colours.plane_count - 1):
        inks.append(noise() & ~sum(inks))
    black = noise()
    for ink in inks:
        black |= ink
    return tuple(plane.to_bytes(size) for plane in (black, *inks))


def offer(host: Any, tag: OeplTag, seed: int = 1, **others: Any) -> tuple[tuple[bytes, ...], Payload]:
    """A picture that its module shall tell it of: its planes, and what is sent."""
    planes = planes_for(tag.type, seed)
    payload = payload_of(tag.type, planes, tag.software_version)
    assert host.offer(tag.tag_id, payload.octets, payload.data_type, **others) is Word.ACK
    return planes, payload


def shows(tag: OeplTag, planes: tuple[bytes, ...], payload: Payload) -> bool:
    return tag.glass == planes and tag.shown_data_ver == payload.data_ver


def button(host: Any, tag: OeplTag) -> None:
    """It checks in at once."""
    tag.press_button(host.now_s)
    host.run(0.001)


class LonelyRadio:
    """Nobody answers, but who is told to."""

    def __init__(self, answer: Callable[[FromTag], ToTag | None] = lambda frame: None) -> None:
        self.frames: list[tuple[float, FromTag]] = []
        self._answer = answer

    def ask(self, frame: FromTag, now_s: float) -> ToTag | None:
        self.frames.append((now_s, frame))
        return self._answer(frame)

    def run(self, tag: OeplTag, until_s: float) -> None:
        while tag.wake_at_s is not None and tag.wake_at_s <= until_s:
            tag.time_passed(tag.wake_at_s, self)

    def of(self, kind: type[FromTag]) -> list[float]:
        return [at for at, frame in self.frames if isinstance(frame, kind)]


# Scans and check-ins


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("channel", [11, 20, 26])
def test_a_tag_finds_its_module_on_its_channel(bench: Any, family: Family, channel: int) -> None:
    tag = make_tag(family=family)
    host = bench(tag)
    host.tune(channel)
    host.run(0.5)
    tag.switch_on(host.now_s)
    host.run(SPLASH_S)
    assert (tag.is_associated, tag.channel) == (True, channel)
    assert [one.channel for one in host.check_ins] == [channel]


def test_a_family_that_does_not_scan_a_channel_is_alone_there(bench: Any) -> None:
    tags = [make_tag(family=family, number=number) for number, family in enumerate((EFR32, NRF))]
    host = bench(*tags)
    host.tune(27)
    host.run(0.5)
    for tag in tags:
        tag.switch_on(host.now_s)
    host.run(60.0)
    assert [tag.is_associated for tag in tags] == [False, True]


def test_a_tag_that_finds_nobody_scans_each_hour_then_each_second_hour_then_daily() -> None:
    tag, radio = make_tag(), LonelyRadio()
    tag.switch_on(0.0)
    radio.run(tag, 24 * 3600.0 + 12 * 7200.0 + 4 * 86400.0)
    pings = radio.of(Ping)
    starts = [at for at, before in zip(pings[1:], pings, strict=False) if at - before > 1000]
    waits = [after - at for after, at in zip(starts[1:], starts, strict=False)]
    assert [round(wait / 3600) for wait in waits] == [1] * 23 + [2] * 12 + [24] * 3
    assert len([at for at in pings if at < 10.0]) == 2 * 6 * 20  # two rounds of six channels


def test_a_first_check_in_says_everything_with_a_sum_of_its_own(bench: Any) -> None:
    tag = make_tag(M3_29_BWRY, NRF, dbm=-61, battery_mv=2987, temperature_c=-4, software_version=41)
    host = bench.with_tags([tag])
    host.run(SPLASH_S)
    (said,) = host.check_ins
    assert (said.wake_reason, said.last_packet_dbm, said.temperature_c) == (WakeReason.FIRST_BOOT, -61, -4)
    assert (said.battery_mv, said.hw_type, said.software_version) == (2987, 0x2B, 41)
    assert said.glass_is_lost
    octets = pack(said)
    assert octets[9] == sum(octets[10:]) & 0xFF != 0


@pytest.mark.parametrize(("family", "long_every"), [(ZBS, 8), (EFR32, 15)])
def test_most_check_ins_name_the_tag_alone(bench: Any, family: Family, long_every: int) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    host.run(SPLASH_S + 40.0 * 2 * (long_every + 1))
    longs = [place for place, one in enumerate(host.check_ins) if not one.is_short]
    # At boot, once more behind a special reason, and after so much sleep.
    assert longs == [0, 1, 1 + long_every, 1 + 2 * long_every]
    assert [host.check_ins[place].wake_reason for place in longs] == [WakeReason.FIRST_BOOT, 0, 0, 0]
    assert host.check_ins[2] == CheckIn(tag.tag_id, *[0] * 11, bytes(8))


def test_temperature_is_said_as_it_is_and_the_battery_as_it_was_measured(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    host.run(SPLASH_S)
    tag.temperature_c, tag.battery_mv = 5, 2500
    host.run(3600.0)
    last = [one for one in host.check_ins if not one.is_short][-1]
    assert (last.temperature_c, last.battery_mv) == (5, 2950)
    host.run(27 * 3600.0)  # 288 long ones
    last = [one for one in host.check_ins if not one.is_short][-1]
    assert last.battery_mv == 2500


def test_a_request_is_repeated_14_times_when_nobody_answers() -> None:
    tag = make_tag()
    tag.switch_on(0.0)
    radio = LonelyRadio(lambda frame: Pong(11) if isinstance(frame, Ping) else None)
    radio.run(tag, 2.0)
    asked = radio.of(CheckIn)
    assert len(asked) == 14
    assert asked[-1] - asked[0] == pytest.approx(13 * 0.005)


def test_each_request_that_the_module_hears_is_told_to_the_host(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    host.run(0.9)
    lost = iter([False, True] * 5 + [False] * 100)  # five answers do not come back
    tag.loses_frame = lambda: next(lost)
    host.run(1.0)
    assert len(host.check_ins) == 6
    assert tag.counts.check_ins == 1


@pytest.mark.parametrize("family", [ZBS, NRF], ids=lambda family: family.name)
def test_its_own_interval_grows_to_ten_minutes_and_then_it_scans(family: Family) -> None:
    intervals = [own_interval_s(family, [False] * 8 + [True] * bad) for bad in range(9)]
    assert intervals == [40.0, 110.0, 180.0, 250.0, 320.0, 390.0, 460.0, 530.0, None]


def test_the_other_family_counts_steps_and_then_scans() -> None:
    intervals = [own_interval_s(EFR32, [False] + [True] * bad) for bad in range(14)]
    assert intervals == [40.0] * 5 + [80.0] * 4 + [120.0] * 4 + [None]
    assert own_interval_s(EFR32, [True] * 9 + [False]) == 40.0


def test_a_tag_follows_its_module_to_another_channel_after_its_patience(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    host.run(SPLASH_S)
    host.tune(11)
    left_s = host.now_s
    host.run(40.0 + 110.0 + 180.0 + 250.0 + 320.0 + 390.0 + 460.0 + 500.0)
    assert tag.channel == 25
    host.run(100.0)
    assert tag.channel == 11
    came = [(at, value.wake_reason) for at, value in host.heard if isinstance(value, CheckIn) and at > left_s]
    assert [reason for _, reason in came] == [WakeReason.NETWORK_SCAN, WakeReason.TIMED]
    assert came[0][0] - left_s > 2200.0


@pytest.mark.parametrize(
    ("ordered", "wait_s"), [(0, 40.0), (7, 420.0), (0x8014, 20.0), (0x8000 | 90, 90.0), (0x7FFF, 32767 * 60.0)]
)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_without_news_it_comes_when_it_was_told_to(bench: Any, family: Family, ordered: int, wait_s: float) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    host.offer(tag.tag_id, data_type=DataType.NO_UPDATE, next_check_in=ordered)
    host.run(SPLASH_S)
    (came_s,) = host.hears(CheckIn)
    assert tag.wake_at_s == pytest.approx(came_s + wait_s)


@pytest.mark.parametrize("clock_rate", [0.99, 1.02])
def test_its_seconds_are_its_own(bench: Any, clock_rate: float) -> None:
    tag = make_tag(clock_rate=clock_rate)
    host = bench.with_tags([tag])
    host.run(100.0)
    first_s, second_s, *_ = host.hears(CheckIn)
    assert second_s - first_s == pytest.approx(40.0 * clock_rate)


@pytest.mark.parametrize(("family", "wait_s"), [(ZBS, 420.0), (NRF, 420.0), (EFR32, 40.0)])
def test_behind_a_picture_only_some_come_when_they_were_told_to(bench: Any, family: Family, wait_s: float) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag, next_check_in=7)
    host.run_until_completed(1, 10.0)
    done_s = host.now_s
    host.run(tag.type.panel.refresh_s + 1.0)
    assert shows(tag, planes, payload)
    assert tag.wake_at_s == pytest.approx(done_s + tag.type.panel.refresh_s + wait_s)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_behind_a_transfer_that_failed_none_does(bench: Any, family: Family) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    offer(host, tag, next_check_in=7)
    host.payloads.clear()
    host.run(SPLASH_S + 38.0)
    assert tag.counts.check_ins == 1
    host.run(20.0)
    assert tag.counts.check_ins == 2


@pytest.mark.parametrize(("family", "again_s"), [(ZBS, 0.1), (NRF, 10.0), (EFR32, 40.0)])
def test_a_button_makes_it_check_in_at_once_and_again(bench: Any, family: Family, again_s: float) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    host.run(SPLASH_S + 60.0)
    tag.press_button(host.now_s)
    pressed_s, before = host.now_s, len(host.check_ins)
    host.run(again_s + 0.01)
    assert [one.wake_reason for one in host.check_ins[before:]] == [WakeReason.BUTTON_1, WakeReason.TIMED]
    assert [one.is_short for one in host.check_ins[before:]] == [False, False]
    assert host.hears(CheckIn)[before:] == pytest.approx([pressed_s, pressed_s + again_s])


# Pictures


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_picture_of_two_blocks_comes_whole_through_a_fifth_of_loss(bench: Any, family: Family, seed: int) -> None:
    tag = make_tag(M2_154, family, seed=seed, loss=0.2)
    host = bench.with_tags([tag])
    host.ask(b"HSPD")
    planes, payload = offer(host, tag, seed)
    assert len(payload.octets) == 5776
    host.run(600.0)
    assert shows(tag, planes, payload)
    assert {one.block_id for one in host.blocks_wanted} == {0, 1}
    assert tag.counts.blocks == 2
    assert tag.counts.attempts > 2  # parts were lost, and asked for again
    assert tag.counts.refreshes == 1


def test_only_missing_parts_are_asked_for_again_and_not_of_the_host(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    offer(host, tag)
    hear, missed = tag.hear, [3, 17]

    def hear_most(part: Any, at_s: float) -> None:
        if part.part in missed:
            missed.remove(part.part)
        else:
            hear(part, at_s)

    tag.hear = hear_most
    host.run_until_completed(1, 20.0)
    assert b"Sending parts: ...X...... .......X.. .......... .......... ..\n\r" in host.said
    assert [one.block_id for one in host.blocks_wanted] == [0, 1]
    assert tag.counts.attempts == 3


@pytest.mark.parametrize("kind", [M2_154, M2_29, M2_42, M3_29_BWRY, HS_213], ids=lambda kind: kind.name)
def test_every_kind_of_glass_shows_what_was_sent(bench: Any, kind: TagType) -> None:
    tag = make_tag(kind, NRF)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    host.run(120.0)
    assert shows(tag, planes, payload)
    assert len(tag.glass) == kind.panel.colours.plane_count


def test_a_tag_says_done_before_it_draws(bench: Any) -> None:
    tag = make_tag(temperature_c=0)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    host.run_until_completed(1, 10.0)
    assert tag.glass == splash(tag.type)
    host.run(tag.type.panel.refresh_s * 3 - 0.01)  # the cold makes it three times as slow
    assert (tag.glass, tag.shown_data_ver) == (splash(tag.type), None)
    host.run(0.02)
    assert shows(tag, planes, payload)


def test_a_picture_that_it_shows_is_confirmed_and_not_drawn_again(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    host.run(60.0)
    offer(host, tag)
    host.run_until_completed(2, 60.0)
    assert len(host.hears(BlockWanted)) == 2
    host.run(60.0)
    assert (tag.counts.refreshes, shows(tag, planes, payload)) == (1, True)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_picture_that_it_holds_is_confirmed_and_drawn_without_a_block(bench: Any, family: Family) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    first, second = offer(host, tag, 1), None
    host.run(70.0)
    second = offer(host, tag, 2)
    host.run(70.0)
    assert shows(tag, *second)
    blocks = len(host.blocks_wanted)
    offer(host, tag, 1)
    host.run(70.0)
    assert shows(tag, *first)
    assert len(host.blocks_wanted) == blocks
    assert len(host.completed) == 3


def test_after_a_restart_it_shows_a_splash_until_it_is_told_again(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    host.run(70.0)
    tag.reboot(host.now_s)
    host.run(200.0)
    assert (tag.glass, tag.shown_data_ver) == (splash(tag.type), None)
    assert [one.wake_reason for one in host.check_ins if one.glass_is_lost] == [WakeReason.FIRST_BOOT] * 2
    blocks = len(host.blocks_wanted)
    offer(host, tag)
    host.run(70.0)
    assert shows(tag, planes, payload)
    assert len(host.blocks_wanted) == blocks


def test_without_its_battery_it_is_silent_and_shows_what_it_showed(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    host.run(70.0)
    said = len(host.check_ins)
    tag.take_battery()
    tag.press_button(host.now_s)
    host.run(3600.0)
    assert (len(host.check_ins), shows(tag, planes, payload)) == (said, True)


@pytest.mark.parametrize("argument", [0b100, 0x0F << 3])
def test_a_picture_to_be_kept_is_not_shown(bench: Any, argument: int) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    _, payload = offer(host, tag, argument=argument)
    host.run(100.0)
    assert (tag.shown_data_ver, len(host.completed)) == (None, 1)
    blocks = len(host.blocks_wanted)
    planes, payload = offer(host, tag)
    host.run(100.0)
    assert shows(tag, planes, payload)
    assert len(host.blocks_wanted) == blocks


def test_what_is_too_large_is_confirmed_and_not_fetched(bench: Any) -> None:
    tag = make_tag(M2_154)
    host = bench.with_tags([tag])
    host.offer(tag.tag_id, bytes(8193), DataType.RAW_TWO_PLANES)
    host.run(100.0)
    assert (len(host.completed), host.blocks_wanted, tag.counts.refreshes) == (1, [], 0)


def test_octets_that_are_no_picture_are_confirmed_and_the_glass_stays(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    host.run(70.0)
    host.offer(tag.tag_id, bytes(100), DataType.RAW_ONE_PLANE)
    host.run(70.0)
    assert (len(host.completed), shows(tag, planes, payload)) == (2, True)


def test_a_tag_keeps_a_few_pictures_and_always_the_one_it_shows(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag, 1)
    host.run(70.0)
    for seed in range(2, 12):
        offer(host, tag, seed, argument=0b100)
        host.run(70.0)
    assert len(host.completed) == 11
    assert len(tag.held) == 8
    assert payload.data_ver in tag.held
    assert shows(tag, planes, payload)


@pytest.mark.parametrize(("version", "fetches"), [(0x26, False), (0x27, True)])
def test_zlib_is_taken_from_a_version_on_and_otherwise_dropped_in_silence(
    bench: Any, version: int, fetches: bool
) -> None:
    tag = make_tag(M3_29_BWRY, NRF, software_version=version)
    host = bench.with_tags([tag])
    payload = payload_of(tag.type, planes_for(tag.type), 0x7FFF)
    assert payload.data_type == DataType.ZLIB
    host.offer(tag.tag_id, payload.octets, payload.data_type)
    host.run(100.0)
    assert (tag.shown_data_ver == payload.data_ver, len(host.completed)) == (fetches, int(fetches))


# Transfers that go wrong


def test_a_tag_gives_up_after_five_attempts_and_goes_on_at_the_same_block(bench: Any) -> None:
    tag = make_tag(M2_29)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    hear = tag.hear
    tag.hear = lambda part, at_s: None if part.block_id else hear(part, at_s)
    host.run(30.0)
    assert (tag.counts.blocks, tag.counts.attempts, tag.counts.check_ins) == (1, 6, 1)
    tag.hear = hear
    host.run(100.0)
    assert shows(tag, planes, payload)
    assert (tag.counts.blocks, tag.counts.attempts) == (3, 8)
    assert 0 not in [one.block_id for one in host.blocks_wanted[1:]]


def test_an_efr32_tag_tries_ten_times_and_begins_again(bench: Any) -> None:
    tag = make_tag(M2_29, EFR32)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    hear = tag.hear
    tag.hear = lambda part, at_s: None if part.block_id else hear(part, at_s)
    host.run(35.0)
    assert (tag.counts.blocks, tag.counts.attempts, tag.counts.check_ins) == (1, 11, 1)
    tag.hear = hear
    host.run(100.0)
    assert shows(tag, planes, payload)
    assert tag.counts.blocks == 1 + 3
    assert [one.block_id for one in host.blocks_wanted].count(0) == 2


@pytest.mark.parametrize(("family", "first_again"), [(ZBS, 0), (NRF, 1)])
def test_another_argument_makes_only_some_begin_again(bench: Any, family: Family, first_again: int) -> None:
    tag = make_tag(M2_29, family)
    host = bench.with_tags([tag])
    offer(host, tag)
    hear = tag.hear
    tag.hear = lambda part, at_s: None if part.block_id else hear(part, at_s)
    host.run(35.0)
    tag.hear = hear
    before = len(host.blocks_wanted)
    offer(host, tag, argument=1)
    host.run(30.0)
    again = [one.block_id for one in host.blocks_wanted[before:]]
    # The module still has the block that was asked for last.
    assert again == ([0, 1, 2] if first_again == 0 else [1, 2])


def test_a_host_that_is_too_late_costs_attempts_and_then_the_block_is_right(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    host.ask(b"HSPD")
    host.run(0.5)
    planes, payload = offer(host, tag)
    host.answer_s = 0.3  # and 140 ms are what there is
    host.run(8.0)
    assert host.module.counts.bursts_incomplete > 0
    assert tag.counts.attempts > 1
    assert b"FORCED" in host.said
    assert b"Invalid" not in host.said  # each time all parts are wanted
    host.answer_s = 0.02
    host.run(120.0)
    assert shows(tag, planes, payload)


def test_a_block_of_another_size_is_asked_for_again_and_not_taken(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    _, payload = offer(host, tag)
    host.payloads[payload.data_ver] = payload.octets[:4000]
    host.run(30.0)
    assert (tag.counts.check_ins, tag.counts.blocks, tag.counts.attempts) == (1, 0, 5)


def test_a_block_with_a_wrong_checksum_is_asked_for_again_and_not_taken(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    offer(host, tag)
    hear = tag.hear
    tag.hear = lambda part, at_s: hear(BlockPart(part.block_id, part.part, part.data[:98] + b"!"), at_s)
    host.run(30.0)
    assert (tag.counts.check_ins, tag.counts.blocks, tag.counts.attempts) == (1, 0, 5)


def test_parts_are_heard_only_while_it_listens_for_them() -> None:
    tag = make_tag()
    info = Available(b"12345678", 50, DataType.RAW_ONE_PLANE)

    def answer(frame: FromTag) -> ToTag | None:
        match frame:
            case Ping():
                return Pong(11)
            case CheckIn():
                return info
            case BlockRequest():
                return PleaseWait(140)
            case TransferDone():
                return None

    tag.switch_on(0.0)
    radio = LonelyRadio(answer)
    while not radio.of(BlockRequest):
        assert tag.wake_at_s is not None
        tag.time_passed(tag.wake_at_s, radio)
    (asked_s,) = radio.of(BlockRequest)
    part = BlockPart(0, 0, bytes(99))
    for at_s in (0.13, 0.46):
        tag.hear(part, asked_s + at_s)
    assert tag.counts.parts == 0
    tag.hear(part, asked_s + 0.3)
    assert tag.counts.parts == 1


def test_a_module_that_leaves_the_channel_in_mid_transfer_is_not_heard(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    offer(host, tag)
    while not host.blocks_wanted:
        host.run(0.01)
    host.tune(11)
    host.run(30.0)
    assert host.module.counts.bursts == 1
    assert (tag.counts.attempts, tag.counts.blocks) == (1, 0)


@pytest.mark.parametrize(("family", "is_confirmed"), [(ZBS, False), (NRF, False), (EFR32, True)])
def test_a_payload_that_is_not_what_its_name_says_is_never_shown(
    bench: Any, family: Family, is_confirmed: bool
) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    _, payload = offer(host, tag)
    spoiled = bytearray(payload.octets)
    spoiled[5000] ^= 1
    host.payloads[payload.data_ver] = bytes(spoiled)
    host.run(60.0)
    assert (tag.shown_data_ver, bool(host.completed)) == (None, is_confirmed)
    if not is_confirmed:
        assert [one.block_id for one in host.blocks_wanted] == [0, 1, 0, 1]  # all of it, at each check-in


def test_a_picture_that_is_replaced_in_mid_transfer_is_fetched_to_its_end(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    old, old_payload = offer(host, tag, 1)
    while not host.blocks_wanted:
        host.run(0.01)
    _, new_payload = offer(host, tag, 2)
    host.run_until_completed(1, 20.0)
    assert [one.data_ver for one in host.blocks_wanted] == [old_payload.data_ver] * 2
    host.run(50.0)
    assert shows(tag, old, old_payload)
    assert new_payload.data_ver not in {one.data_ver for one in host.blocks_wanted}  # its slot was freed as well
    new, new_payload = offer(host, tag, 2)
    host.run(60.0)
    assert shows(tag, new, new_payload)


def test_a_picture_that_is_withdrawn_in_mid_transfer_is_given_up(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    offer(host, tag)
    while not host.blocks_wanted:
        host.run(0.01)
    assert host.ask(b"CXD>" + pack(PendingData(bytes(8), 0, 0, 0, 0, 0, tag.tag_id))) is Word.ACK
    host.run(60.0)
    assert (tag.counts.cancelled, tag.shown_data_ver, host.completed) == (1, None, [])


def test_a_module_that_restarts_in_mid_transfer_costs_no_block_twice(bench: Any) -> None:
    tag = make_tag(M2_29)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    while tag.counts.blocks < 1:
        host.run(0.05)
    host.module.restart(host.now_s)
    host.run(3.0)
    assert tag.counts.blocks == 1
    assert Word.RESTARTED in host.words
    host.tune()
    offer(host, tag)
    host.run(120.0)
    assert shows(tag, planes, payload)
    assert [one.block_id for one in host.blocks_wanted].count(0) == 1


def test_two_tags_at_once_both_show_their_pictures_within_three_check_ins(bench: Any) -> None:
    tags = [make_tag(M2_29, number=1), make_tag(M2_29, number=2, clock_rate=1.003)]
    host = bench.with_tags(tags)
    pictures = [offer(host, tag, seed) for seed, tag in enumerate(tags)]
    host.run(150.0)
    assert [shows(tag, *picture) for tag, picture in zip(tags, pictures, strict=True)] == [True, True]
    assert b"BUSY!" in host.said
    assert [tag.counts.cancelled for tag in tags] == [0, 1]
    assert max(len(host.hears(CheckIn, tag.tag_id)) for tag in tags) <= 5


# What only EFR32 does


def test_an_unknown_type_is_dropped_at_every_check_in_until_it_expires(bench: Any) -> None:
    tag = make_tag(family=EFR32)
    host = bench.with_tags([tag])
    host.offer(tag.tag_id, bytes(100), 0x31, minutes=5)
    host.run(60.0 * 6)
    assert (host.completed, host.blocks_wanted) == ([], [])
    assert tag.counts.check_ins >= 8
    assert len(host.hears(SlotExpired, tag.tag_id)) == 1


@pytest.mark.parametrize(("family", "is_shown"), [(ZBS, True), (NRF, True), (EFR32, False)])
def test_a_short_waveform_is_confirmed_and_not_shown_by_efr32(bench: Any, family: Family, is_shown: bool) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag, argument=1)
    host.run(70.0)
    assert (shows(tag, planes, payload), len(host.completed)) == (is_shown, 1)
    assert bool(host.blocks_wanted) is is_shown


@pytest.mark.parametrize(("family", "is_shown"), [(NRF, True), (EFR32, False)])
def test_whole_blocks_are_confirmed_and_never_shown_by_efr32(bench: Any, family: Family, is_shown: bool) -> None:
    tag = make_tag(HS_213, family, software_version=NO_ZLIB)
    host = bench.with_tags([tag])
    planes, payload = offer(host, tag)
    assert len(payload.octets) == 4096
    host.run(70.0)
    assert (shows(tag, planes, payload), len(host.completed)) == (is_shown, 1)


@pytest.mark.parametrize(("family", "fetches"), [(ZBS, False), (NRF, False), (EFR32, True)])
def test_efr32_compares_the_size_as_well(bench: Any, family: Family, fetches: bool) -> None:
    tag = make_tag(family=family)
    host = bench.with_tags([tag])
    _, payload = offer(host, tag)
    host.run(70.0)
    pending = PendingData(payload.data_ver, len(payload.octets) - 1, payload.data_type, 0, 0, 60, tag.tag_id)
    host.ask(b"SDA>" + pack(pending))
    host.run(39.0)
    assert (len(host.blocks_wanted) > 2) is fetches
    assert len(host.completed) == (1 if fetches else 2)


# Commands


def test_a_command_is_confirmed_before_it_is_obeyed_and_obeyed_each_time(bench: Any) -> None:
    tag = make_tag(family=NRF)
    host = bench.with_tags([tag])
    for _ in range(2):
        host.command(tag.tag_id, Order.FLASH)
        host.run(50.0)
    assert (tag.counts.flashes, len(host.completed)) == (2, 2)


def test_a_tag_told_to_restart_does(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    offer(host, tag)
    host.run(70.0)
    host.command(tag.tag_id, Order.REBOOT)
    host.run(50.0)
    assert host.completed == [tag.tag_id] * 2
    assert [one.wake_reason for one in host.check_ins if one.glass_is_lost] == [WakeReason.FIRST_BOOT] * 2
    assert tag.shown_data_ver is None


def test_a_tag_told_to_scan_says_so_at_its_next_check_in(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    host.run(70.0)
    host.command(tag.tag_id, Order.SCAN)
    host.run(45.0)
    assert [one.wake_reason for one in host.check_ins if one.glass_is_lost][-1] == WakeReason.NETWORK_SCAN


def test_a_tag_told_to_sleep_deep_comes_back_at_a_button(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    host.command(tag.tag_id, Order.DEEP_SLEEP)
    host.run(86400.0)
    assert len(host.check_ins) == 1
    tag.press_button(host.now_s)
    host.run(SPLASH_S)
    assert host.check_ins[1].wake_reason == WakeReason.FIRST_BOOT


def test_a_tag_told_to_erase_fetches_again(bench: Any) -> None:
    tag = make_tag()
    host = bench.with_tags([tag])
    offer(host, tag, 1)
    host.run(70.0)
    offer(host, tag, 2)
    host.run(70.0)
    host.command(tag.tag_id, Order.ERASE)
    host.run(50.0)
    blocks = len(host.blocks_wanted)
    first = offer(host, tag, 1)
    host.run(70.0)
    assert shows(tag, *first)
    assert len(host.blocks_wanted) == blocks + 2


def test_done_is_said_16_times_where_nobody_hears_it_and_then_it_draws_all_the_same() -> None:
    tag = make_tag()
    payload = payload_of(tag.type, planes_for(tag.type), 0)
    info = Available(payload.data_ver, len(payload.octets), payload.data_type)

    def answer(frame: FromTag) -> ToTag | None:
        match frame:
            case Ping():
                return Pong(11)
            case CheckIn():
                return info
            case BlockRequest():
                raise AssertionError("it holds the picture")
            case TransferDone():
                return None

    tag.held[payload.data_ver] = Held(payload.data_type, payload.octets)
    tag.switch_on(0.0)
    radio = LonelyRadio(answer)
    radio.run(tag, 2.0)
    said = radio.of(TransferDone)
    assert len(said) == 16
    assert said[-1] - said[0] == pytest.approx(15 * 0.006)
    radio.run(tag, 2.0 + tag.type.panel.refresh_s)
    assert shows(tag, planes_for(tag.type), payload)


# Chance


def history(bench: Any, seed: int) -> list[tuple[float, object]]:
    tags = [make_tag(M2_29, number=number, seed=seed, loss=0.1) for number in range(3)]
    host = bench.with_tags(tags)
    for number, tag in enumerate(tags):
        offer(host, tag, number)
    host.run(300.0)
    assert len(host.completed) >= 3
    heard: list[tuple[float, object]] = host.heard
    return heard


def test_a_run_replays_by_its_seed(bench: Any) -> None:
    assert history(bench, 1) == history(bench, 1)
    assert history(bench, 1) != history(bench, 2)
