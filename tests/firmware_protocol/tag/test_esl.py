import pytest
from esl_bench import ADDRESS, GROUP_KEY, NOW, SHOWN, EslBench
from tag_bench import picture

from firmware_protocol import FieldError, ReportState
from firmware_protocol.keys import SealKey
from firmware_protocol.service.led import FlashPattern, LedColour, Repeat, RepeatUnit
from firmware_protocol.service.packet import GroupPacket, seal_group_packet
from firmware_protocol.service.quirks import ETHERMIND, NORDIC, PROFILES, SILICON_LABS, Overflow, Quirks
from firmware_protocol.service.state import SILENCE_MS, WrongEvent
from firmware_protocol.tag import Outcome
from firmware_protocol.tag.esl import Characteristic
from firmware_protocol.tlv import (
    BROADCAST_ESL_ID,
    BasicState,
    BasicStateFlags,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    Error,
    ErrorCode,
    EslState,
    FactoryReset,
    LedControl,
    LedState,
    LedTimedControl,
    Ping,
    ReadSensorData,
    RefreshDisplay,
    SensorValue,
    ServiceReset,
    UnassociateFromAp,
    UnknownTlv,
    pack_tlv,
    pack_tlvs,
)

ID = ADDRESS.esl_id
LATER = picture(2)
SYNCHRONIZED = BasicState(BasicStateFlags.SYNCHRONIZED)
RED = LedColour(3, 0, 0, 3)
BLINKS = (RED, FlashPattern(1), 50, 50, Repeat(RepeatUnit.RUNS, 10))  # a second


@pytest.fixture
def bench() -> EslBench:
    ready = EslBench()
    ready.reach(EslState.SYNCHRONIZED)
    return ready


# states


def test_a_tag_is_complete_in_whatever_order_it_gets_there() -> None:
    for sync_first in (True, False):
        bench = EslBench()
        bench.esl.connected(0)
        if sync_first:
            bench.esl.in_sync(0)
        bench.over_the_link(b"\x04\x05")  # before it has an address: refused
        bench.write_all()
        assert bench.over_the_link(b"\x04\x05") is None
        if not sync_first:
            assert bench.esl.state is EslState.CONFIGURING
            bench.esl.in_sync(0)
        assert bench.esl.state is EslState.SYNCHRONIZED
        bench.esl.link_lost(0)  # the tag closed it
        assert bench.esl.state is EslState.SYNCHRONIZED


def test_a_link_lost_before_all_is_written_leaves_the_tag_unassociated() -> None:
    bench = EslBench()
    bench.esl.connected(0)
    bench.esl.write(Characteristic.ESL_ADDRESS, ADDRESS.pack(), 0)
    bench.esl.link_lost(0)
    assert (bench.esl.state, bench.esl.address) == (EslState.UNASSOCIATED, None)
    bench.esl.connected(0)
    bench.write_all()
    bench.esl.link_lost(0)
    assert (bench.esl.state, bench.esl.address) == (EslState.UNSYNCHRONIZED, ADDRESS)


def test_an_hour_of_silence_and_another_unassociate_a_tag_and_take_nothing_of_its_owner(bench: EslBench) -> None:
    keys, report = bench.bench.tag.memory.keys, bench.bench.tag.report(0)
    assert bench.esl.wake_at() == SILENCE_MS
    bench.now_ms = SILENCE_MS - 1
    bench.esl.time_passed(bench.now_ms)
    assert bench.say(Ping(99)) is None, "valid for another tag is valid"
    assert bench.esl.wake_at() == 2 * SILENCE_MS - 1
    bench.esl.time_passed(2 * SILENCE_MS - 1)
    assert (bench.esl.state, bench.esl.synchronized) == (EslState.UNSYNCHRONIZED, False)
    assert (bench.esl.address, bench.esl.group_key) == (ADDRESS, GROUP_KEY)
    assert bench.esl.wake_at() == 3 * SILENCE_MS - 1
    bench.esl.time_passed(3 * SILENCE_MS - 1)
    assert (bench.esl.state, bench.esl.address, bench.esl.group_key) == (EslState.UNASSOCIATED, None, None)
    assert bench.esl.wake_at() is None
    assert (bench.bench.tag.memory.keys, bench.bench.tag.report(0)) == (keys, report)


def test_both_hours_may_pass_at_once(bench: EslBench) -> None:
    bench.esl.time_passed(10 * SILENCE_MS)
    assert bench.esl.state is EslState.UNASSOCIATED


def test_one_stacks_tag_switches_itself_off_after_an_hour_unassociated() -> None:
    bench = EslBench(SILICON_LABS)
    bench.reach(EslState.SYNCHRONIZED)
    bench.esl.time_passed(2 * SILENCE_MS)
    assert (bench.esl.state, bench.esl.off, bench.esl.wake_at()) == (EslState.UNASSOCIATED, False, 3 * SILENCE_MS)
    bench.esl.time_passed(3 * SILENCE_MS)
    assert (bench.esl.off, bench.esl.wake_at()) == (True, None)
    with pytest.raises(WrongEvent):
        bench.esl.connected(3 * SILENCE_MS)
    bench.esl.power_cut(3 * SILENCE_MS)
    bench.esl.connected(3 * SILENCE_MS)
    assert bench.esl.state is EslState.CONFIGURING


def test_a_tag_that_lost_its_synchronization_is_brought_back_over_a_link(bench: EslBench) -> None:
    bench.esl.sync_lost(0)
    assert bench.say(Ping(ID)) is None
    bench.esl.connected(0)
    bench.over_the_link(b"\x04\x05")
    bench.esl.in_sync(0)
    assert bench.say(Ping(ID)) == (0, [SYNCHRONIZED])


def test_while_a_link_is_open_packets_are_not_heard(bench: EslBench) -> None:
    bench.esl.connected(0)
    assert bench.say(Ping(ID)) is None
    assert bench.over_the_link(pack_tlv(Ping(ID))) == pack_tlv(SYNCHRONIZED)
    bench.esl.link_lost(0)
    assert bench.esl.state is EslState.UNSYNCHRONIZED


def test_a_second_link_is_our_callers_mistake(bench: EslBench) -> None:
    bench.esl.connected(0)
    with pytest.raises(WrongEvent):
        bench.esl.connected(0)


def test_a_power_cut_leaves_the_association_and_no_clock(bench: EslBench) -> None:
    assert bench.say(DisplayTimedImage(ID, 0, 0, NOW + 1000)) == (0, [DisplayState(0, 0)])
    bench.esl.power_cut(0)
    assert (bench.esl.state, bench.esl.address) == (EslState.UNSYNCHRONIZED, ADDRESS)
    bench.esl.connected(0)
    assert bench.over_the_link(pack_tlv(Ping(ID))) == pack_tlv(BasicState(0)), "nothing is pending any more"
    too_late = pack_tlv(Error(ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME))
    assert bench.over_the_link(pack_tlv(DisplayTimedImage(ID, 0, 0, NOW + 1000))) == too_late
    bench.write_all()
    assert bench.over_the_link(pack_tlv(DisplayTimedImage(ID, 0, 0, NOW + 1000))) == pack_tlv(DisplayState(0, 0))


# what is written


@pytest.mark.parametrize(
    ("characteristic", "octets"),
    [
        (Characteristic.ESL_ADDRESS, b"\xff\x01"),
        (Characteristic.ESL_ADDRESS, b"\x05"),
        (Characteristic.AP_SYNC_KEY, bytes(23)),
        (Characteristic.RESPONSE_KEY, bytes(25)),
        (Characteristic.ABSOLUTE_TIME, bytes(3)),
    ],
)
def test_what_does_not_fit_a_characteristic_is_refused(characteristic: Characteristic, octets: bytes) -> None:
    bench = EslBench()
    bench.esl.connected(0)
    with pytest.raises(FieldError):
        bench.esl.write(characteristic, octets, 0)


def test_nothing_is_written_without_a_link(bench: EslBench) -> None:
    with pytest.raises(FieldError, match="over a link"):
        bench.esl.write(Characteristic.ESL_ADDRESS, b"\x01\x01", 0)
    assert bench.over_the_link(b"\x00\x05") is None


# packets


def test_packets_of_another_group_another_key_or_an_old_counter_are_dropped(bench: EslBench) -> None:
    esl = bench.esl
    heard = bench.sealed(Ping(ID))
    assert esl.packet(heard, 0) is not None
    for wrong in (
        heard,
        bench.sealed(Ping(ID), group_id=2),
        seal_group_packet(SealKey(bytes(16), bytes(8)), 99, GroupPacket(1, (Ping(ID),))),
        b"",
        b"\x0f\x31" + bytes(14),
    ):
        assert esl.packet(wrong, 0) is None
    assert esl.dropped == 5


def test_a_reboot_never_brings_back_a_reset_that_was_heard(bench: EslBench) -> None:
    heard, asked = bench.sealed(ServiceReset(ID)), bench.sealed(Ping(ID))
    for octets in (heard, asked):
        assert bench.esl.packet(octets, 0) is not None
        assert bench.esl.packet(octets, 0) is None
    bench.esl.power_cut(0)
    bench.esl.connected(0)
    bench.over_the_link(b"\x04\x05")
    bench.esl.in_sync(0)
    assert bench.esl.state is EslState.SYNCHRONIZED
    assert bench.esl.packet(heard, 0) is None
    assert bench.esl.packet(asked, 0) is not None, "what a reboot lets be replayed asks a question, no more"


def test_a_stack_that_draws_its_randomizers_is_heard_in_any_order() -> None:
    bench = EslBench(NORDIC)
    bench.reach(EslState.SYNCHRONIZED)
    first, second = bench.sealed(Ping(ID)), bench.sealed(Ping(ID))
    assert all(bench.esl.packet(octets, 0) is not None for octets in (second, first, first))


def test_a_report_read_in_a_slot_is_the_report(bench: EslBench) -> None:
    answered = bench.say(Ping(9), ReadSensorData(ID, 0xE0))
    assert answered == (1, [SensorValue(0xE0, bench.bench.tag.report(0).pack())])


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_answers_that_find_no_room_are_told_so_as_each_stack_does(profile: Quirks) -> None:
    bench = EslBench(profile)
    bench.reach(EslState.SYNCHRONIZED)
    answered = bench.say(*[ReadSensorData(ID, 0xE0)] * 3, Ping(ID))
    assert answered is not None
    slot, answers = answered
    kinds = [type(answer) for answer in answers]
    full = (
        [SensorValue, Error] if bench.quirks.overflow is Overflow.REPLACES_LAST else [SensorValue, SensorValue, Error]
    )
    assert (slot, kinds, answers[-1]) == (3, full, Error(ErrorCode.CAPACITY_LIMIT))


def test_answers_that_just_fit_are_all_given(bench: EslBench) -> None:
    answered = bench.say(*[ReadSensorData(ID, 0xE0)] * 2, *[Ping(ID)] * 4, ReadSensorData(ID, 0), Ping(9))
    assert answered is not None
    assert answered[0] == 6
    assert [type(answer) for answer in answered[1]] == [SensorValue] * 2 + [BasicState] * 4 + [Error]
    assert answered[1][-1] == Error(ErrorCode.CAPACITY_LIMIT), "a sensor may need 17"


ANSWERED_BY_TWO_OCTETS = UnknownTlv(0x12, bytes((ID, 0)))


def test_answers_of_47_octets_are_all_given_and_of_49_end_with_an_error_that_fits(bench: EslBench) -> None:
    commands = (*[ReadSensorData(ID, 0xE0)] * 2, *[Ping(ID)] * 3, *[ANSWERED_BY_TWO_OCTETS] * 2)
    answered = bench.say(*commands)
    assert answered is not None
    assert len(pack_tlvs(answered[1])) == 47
    assert answered[1][-2:] == [Error(ErrorCode.INVALID_OPCODE)] * 2
    answered = bench.say(*commands, ANSWERED_BY_TWO_OCTETS)
    assert answered is not None
    assert len(pack_tlvs(answered[1])) == 47
    assert answered[1][-1] == Error(ErrorCode.CAPACITY_LIMIT)


# Unassociate and resets


def test_unassociate_is_answered_as_no_longer_synchronized_and_leaves_what_the_owner_gave(bench: EslBench) -> None:
    keys, shown = bench.bench.tag.memory.keys, bench.bench.tag.report(0)
    assert bench.say(UnassociateFromAp(ID), ReadSensorData(ID, 0xE0)) == (
        1,
        [BasicState(0), SensorValue(0xE0, shown.pack())],
    )
    assert (bench.esl.state, bench.esl.address, bench.esl.group_key) == (EslState.UNASSOCIATED, None, None)
    assert bench.bench.tag.memory.keys == keys
    assert bench.bench.tag.report(0).state is ReportState.SHOWN


def test_one_stack_takes_its_time_to_unassociate() -> None:
    bench = EslBench(SILICON_LABS)
    bench.reach(EslState.SYNCHRONIZED)
    assert bench.say(UnassociateFromAp(ID)) == (0, [BasicState(0)])
    assert (bench.esl.state, bench.esl.wake_at()) == (EslState.SYNCHRONIZED, 750)
    bench.now_ms = 100
    assert bench.say(Ping(ID)) == (0, [BasicState(0)])
    bench.esl.sync_lost(200)
    bench.esl.time_passed(750)
    assert bench.esl.state is EslState.UNASSOCIATED


def test_an_access_points_factory_reset_takes_the_association_and_never_the_owner(bench: EslBench) -> None:
    tag = bench.bench.tag
    assert bench.say(LedControl(ID, 0, *BLINKS), FactoryReset(ID)) == (1, [LedState(0), Error(ErrorCode.INVALID_STATE)])
    keys, memory = tag.memory.keys, tag.to_json()
    bench.esl.connected(0)
    assert bench.over_the_link(pack_tlv(FactoryReset(ID))) is None
    assert (bench.esl.state, bench.esl.address, bench.esl.group_key) == (EslState.UNASSOCIATED, None, None)
    assert (tag.memory.keys, tag.to_json()) == (keys, memory)
    assert not tag.commanded.leds[0].is_active
    assert tag.report(0).state is ReportState.SHOWN


def test_a_persons_reset_takes_the_tag_from_its_owner_in_any_state() -> None:
    for state in EslState:
        bench = EslBench()
        bench.reach(state)
        bench.esl.reset_by_person(0)
        assert (bench.esl.state, bench.esl.address) == (EslState.UNASSOCIATED, None)
        assert not bench.bench.tag.commissioned
        assert bench.bench.glass == [SHOWN.planes]


# pictures


def test_a_refresh_is_accepted_and_never_draws_a_glass_that_is_known_to_show_its_order(bench: EslBench) -> None:
    """While it is being drawn the gateway would hold it proved, and it would show nothing."""
    for command in (RefreshDisplay(ID, 0), DisplayImage(ID, 0, 0)):
        assert bench.say(command) == (0, [DisplayState(0, 0)])
        assert bench.say(RefreshDisplay(BROADCAST_ESL_ID, 0)) is None
        assert not bench.bench.draw()
    assert bench.bench.tag.report(0).state is ReportState.SHOWN


def test_a_refresh_draws_what_failed_before(bench: EslBench) -> None:
    bench.bench.send_parts(LATER, bench.bench.offer(2, LATER))
    bench.bench.draw(Outcome.BUSY_MISSING)
    assert bench.say(RefreshDisplay(ID, 0)) == (0, [DisplayState(0, 1)])
    assert bench.bench.draw()
    assert bench.bench.glass == [LATER.planes]
    assert bench.bench.reports(bench.bench.tag.contact())[0].state is ReportState.SHOWN


def test_a_refresh_draws_nothing_that_is_not_there_or_not_ordered(bench: EslBench) -> None:
    bench.bench.offer(2, LATER)  # without its parts
    assert bench.say(RefreshDisplay(ID, 0)) == (0, [Error(ErrorCode.INVALID_STATE)])
    bench.bench.tag.glass_taken(0)
    assert bench.say(RefreshDisplay(ID, 0)) == (0, [Error(ErrorCode.INVALID_IMAGE_INDEX)])
    assert not bench.bench.draw()


def test_no_command_draws_while_another_picture_waits_for_its_time(bench: EslBench) -> None:
    bench.bench.send_parts(LATER, bench.bench.offer(2, LATER, t_ms=NOW + 60_000))
    refused = Error(ErrorCode.INVALID_STATE)
    for command in (RefreshDisplay(ID, 0), DisplayImage(ID, 0, 1), DisplayTimedImage(ID, 0, 1, NOW + 1)):
        assert bench.say(command) == (0, [refused])
        assert not bench.bench.draw()
    assert bench.esl.wake_at() == 60_000
    bench.esl.time_passed(60_000)
    assert bench.bench.draw()
    assert bench.bench.glass == [LATER.planes]


def test_a_timed_image_draws_at_its_time_what_the_manifest_orders_and_nothing_else(bench: EslBench) -> None:
    bench.bench.send_parts(LATER, bench.bench.offer(2, LATER))  # slot 1; slot 0 holds what was before
    bench.bench.draw(Outcome.BUSY_MISSING)  # so there is something to draw
    for image in (0, 1):
        assert bench.say(DisplayTimedImage(ID, 0, image, NOW + 5000)) == (0, [DisplayState(0, image)])
    assert bench.esl.wake_at() == 5000
    bench.esl.time_passed(4999)
    assert not bench.bench.draw()
    bench.esl.time_passed(5000)
    assert bench.bench.draw()
    assert bench.bench.glass == [LATER.planes]
    assert bench.say(DisplayTimedImage(ID, 0, 0, NOW + 10_000)) == (0, [DisplayState(0, 0)])
    bench.esl.time_passed(10_000)
    assert not bench.bench.draw(), "slot 0 is not what the manifest orders"


# LEDs


def test_an_led_plays_now_and_another_order_at_its_time(bench: EslBench) -> None:
    led = bench.bench.tag.commanded.leds[0]
    blue = LedColour(0, 0, 3, 3)
    for_good = (blue, FlashPattern(0), 0, 0, Repeat(RepeatUnit.SECONDS, 0))
    assert bench.say(LedControl(ID, 0, *BLINKS), LedTimedControl(ID, 0, *for_good, NOW + 5000)) == (
        1,
        [LedState(0), LedState(0)],
    )
    flags = BasicStateFlags.SYNCHRONIZED | BasicStateFlags.ACTIVE_LED | BasicStateFlags.PENDING_LED_UPDATE
    assert bench.say(Ping(ID)) == (0, [BasicState(flags)])
    assert bench.esl.wake_at() == 1000
    assert (led.lit_at(NOW), led.lit_at(NOW + 999), led.lit_at(NOW + 1000)) == (RED, RED, None)
    bench.esl.time_passed(1000)
    assert not led.is_active
    assert bench.esl.wake_at() == 5000
    bench.esl.time_passed(6000)
    assert led.lit_at(NOW + 6000) == blue
    assert led.pending is None


def test_an_order_that_waited_begins_at_its_own_time_however_late_the_tag_looks(bench: EslBench) -> None:
    led = bench.bench.tag.commanded.leds[0]
    bench.say(LedTimedControl(ID, 0, *BLINKS, NOW + 5000))
    bench.esl.time_passed(5500)
    assert led.lit_at(NOW + 5500) == RED
    assert bench.esl.wake_at() == 6000
    bench.say(LedTimedControl(ID, 0, *BLINKS, NOW + 20_000))
    bench.esl.time_passed(60_000)
    assert not led.is_active, "it began and ended meanwhile"


def test_a_tag_that_a_person_took_from_its_owner_answers_nothing(bench: EslBench) -> None:
    bench.bench.tag.factory_reset()
    assert bench.say(Ping(ID)) is None


@pytest.mark.parametrize("profile", [NORDIC, ETHERMIND], ids=lambda profile: profile.name)
def test_an_led_for_seconds_may_stop_after_as_many_runs(profile: Quirks) -> None:
    bench = EslBench(profile)
    bench.reach(EslState.SYNCHRONIZED)
    bench.say(LedControl(ID, 0, RED, FlashPattern(1), 1, 10, Repeat(RepeatUnit.SECONDS, 3)))
    assert bench.esl.wake_at() == (60 if profile is NORDIC else 3000)
