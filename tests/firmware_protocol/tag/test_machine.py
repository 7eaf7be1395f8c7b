"""A whole tag, spoken to in sealed octets: what it does with them, and what they cost it."""

import json

import pytest
from msgspec.structs import replace
from tag_bench import CODE, PANEL, TAG, Bench, difference_to, of_planes, part, picture, wanted

from firmware_protocol import PANELS, Codec, ReportFlags, ReportState, SealBroken, encode
from firmware_protocol.content import NO_BASE
from firmware_protocol.encoding import encoding_of
from firmware_protocol.poll import CannotOpen, Join, PartRequest, PlainPing, Response, SealedCommand, Sealing
from firmware_protocol.report import Cause
from firmware_protocol.sealing import open_answer, seal_command
from firmware_protocol.tag import NotNow, Outcome, PleaseCommission, TagMachine
from firmware_protocol.tlv import (
    BasicState,
    BasicStateFlags,
    Command,
    DisplayImage,
    DisplayState,
    Error,
    ErrorCode,
    FactoryReset,
    LedState,
    Ping,
    ReadSensorData,
    RefreshDisplay,
    SensorValue,
    ServiceReset,
    UnassociateFromAp,
    UnknownTlv,
    UpdateComplete,
    VendorCommand,
    pack_tlvs,
    unpack_commands,
    unpack_responses,
)

FIRST, SECOND, THIRD = picture(1), picture(2), picture(3)
REPRICED = of_planes((FIRST.planes[0][:1000] + b"price" + FIRST.planes[0][1005:],))  # a few octets of FIRST


@pytest.fixture
def bench() -> Bench:
    joined = Bench()
    joined.join()
    joined.tag.contact()  # the next one: the join was this contact's one request for keys
    return joined


def ask(bench: Bench, *commands: Command) -> list[object]:
    assert bench.keys is not None
    bench.down_counter += 1
    item = SealedCommand(seal_command(bench.keys, bench.down_counter, pack_tlvs(commands)))
    [answer] = bench.tag.receive(item)
    assert isinstance(answer, Response)
    return list(unpack_responses(open_answer(bench.keys, answer.octets)[1]))


def test_a_new_tag_says_nothing_but_that_it_wants_to_join() -> None:
    bench = Bench()
    assert [type(item) for item in bench.tag.contact()] == [Join]
    assert bench.tag.contact(again=True) == [], "once a contact"
    assert bench.tag.receive(PlainPing()) == []


def test_a_tag_that_joined_reports_every_display_at_once() -> None:
    bench = Bench([PANEL, PANELS["4.2-bwr"]])
    said = bench.join()
    assert [(one.display, one.state, one.revision) for one in said] == [
        (0, ReportState.GLASS_UNKNOWN, 0),
        (1, ReportState.GLASS_UNKNOWN, 0),
    ]
    assert bench.tag.contact() == []


@pytest.mark.parametrize("codec", [Codec.RAW, Codec.DEFLATE])
@pytest.mark.parametrize("panel", ["2.13-bw", "2.9-bwr", "7.5-bwry"])
def test_a_picture_reaches_the_glass_pixel_by_pixel_and_is_proved(panel: str, codec: Codec) -> None:
    bench = Bench([PANELS[panel]])
    bench.join()
    shown = picture(5, panel=PANELS[panel], codec=codec, noise=3000)
    items = bench.offer(1, shown)
    while wanted(items, shown):
        bench.send_parts(shown, items)
        items = bench.tag.contact(again=True)
    bench.draw(refresh_s=PANELS[panel].refresh_s)
    [report] = bench.reports(bench.tag.contact())
    assert bench.glass == [shown.planes]
    assert (report.state, report.revision) == (ReportState.SHOWN, 1)
    assert report.content_prefix == shown.content_id[:4]
    assert report.refresh_half_s == round(PANELS[panel].refresh_s * 2)


def test_an_answer_opens_nothing_twice_and_an_owned_tag_takes_only_its_owner(bench: Bench) -> None:
    [join] = bench.tag.receive(PleaseCommission.BIT)
    request = bench.request([join])
    with pytest.raises(SealBroken):
        bench.answer_to(request, owner=False)
    answer, keys = bench.answer_to(request, owner=True)
    before = bench.tag.memory.keys
    bench.tag.receive(answer)
    assert bench.tag.memory.keys == keys != before
    bench.tag.receive(answer)
    assert bench.tag.memory.keys == keys
    assert bench.tag.dropped.total() == 1


def test_please_commission_is_heeded_once_a_contact(bench: Bench) -> None:
    assert len(bench.tag.receive(PleaseCommission.BIT)) == 1
    assert bench.tag.receive(PleaseCommission.BIT) == []
    bench.tag.contact()
    assert len(bench.tag.receive(PleaseCommission.BIT)) == 1


def test_a_manifest_under_an_old_key_is_named_by_its_randomizer_and_changes_nothing(bench: Bench) -> None:
    old = bench.manifest(9, FIRST)
    answer, bench.keys = bench.answer_to(bench.request(bench.tag.receive(PleaseCommission.BIT)), owner=True)
    bench.tag.receive(answer)
    assert bench.tag.receive(old) == [CannotOpen(Sealing.MANIFEST, old.octets[:5])]
    assert bench.tag.report(0).revision == 0


def test_new_keys_start_the_revisions_anew_and_keep_the_glass_that_is_known(bench: Bench) -> None:
    bench.show(7, FIRST)
    answer, bench.keys = bench.answer_to(bench.request(bench.tag.receive(PleaseCommission.BIT)), owner=True)
    [report] = bench.reports(bench.tag.receive(answer))
    assert (report.state, report.revision) == (ReportState.SHOWN, 0)
    [report] = bench.reports(bench.offer(1, FIRST))
    assert (report.state, report.revision) == (ReportState.SHOWN, 1)
    assert bench.drawn == 1


def test_parts_may_come_in_any_order_and_any_number_of_times(bench: Bench) -> None:
    shown = picture(4, noise=2500)
    offsets = wanted(bench.offer(1, shown), shown)
    for offset in [*reversed(offsets[1:]), *offsets[1:], 99 * 500]:
        bench.tag.receive(part(shown, offset) if offset in offsets else replace(part(shown, 0), offset=offset))
    assert wanted(bench.tag.contact(), shown) == [0]
    bench.tag.receive(part(shown, 0))
    assert bench.draw()
    assert bench.glass == [shown.planes]


def test_a_wrong_block_is_asked_for_again_and_three_in_a_contact_are_enough(bench: Bench) -> None:
    items = bench.offer(1, FIRST)
    good = [part(FIRST, offset) for offset in wanted(items, FIRST)]
    bad = [replace(good[0], octets=bytes(len(good[0].octets))), *good[1:]]
    for _ in range(3):
        assert wanted(bench.tag.contact(again=True), FIRST) == [one.offset for one in good]
        for one in bad:
            bench.tag.receive(one)
    assert bench.tag.contact(again=True) == []
    for one in good:
        bench.tag.receive(one)
    assert not bench.draw(), "a tag that stopped takes no parts in this contact"
    bench.send_parts(FIRST, bench.tag.contact())
    assert bench.draw()


def test_a_tag_that_loses_power_half_way_asks_for_the_parts_again(bench: Bench) -> None:
    offsets = wanted(bench.offer(1, FIRST), FIRST)
    bench.tag.receive(part(FIRST, offsets[0]))
    bench.tag.power_cut()
    items = bench.tag.contact()
    assert wanted(items, FIRST) == offsets
    assert bench.reports(items)[0].flags & ReportFlags.REBOOTED
    bench.send_parts(FIRST, items)
    bench.draw()
    assert bench.reports(bench.tag.contact())[0].state is ReportState.SHOWN


def test_octets_that_are_no_picture_are_refused_and_another_encoding_is_taken(bench: Bench) -> None:
    broken = replace(FIRST, encoding=encode([b"no planes"], Codec.DEFLATE))
    [report] = bench.reports(bench.send_parts(broken, bench.offer(1, broken)))[-1:]
    assert (report.state, report.revision, report.cause) == (ReportState.REFUSED, 1, Cause.NO_PICTURE)
    assert bench.show(1, FIRST)[0].state is ReportState.SHOWN


def test_another_picture_than_the_manifest_names_is_refused_before_it_is_drawn(bench: Bench) -> None:
    lying = replace(FIRST, encoding=SECOND.encoding)
    [report] = bench.reports(bench.send_parts(lying, bench.offer(1, lying)))[-1:]
    assert (report.state, report.cause) == (ReportState.REFUSED, Cause.OTHER_PICTURE)
    assert not bench.draw()


def test_a_price_change_travels_as_its_difference_to_the_picture_on_the_glass(bench: Bench) -> None:
    assert bench.show(1, FIRST)[0].flags & ReportFlags.TAKES_DIFFERENCES
    told = difference_to(FIRST, REPRICED)
    assert len(told.encoding.stream) < len(REPRICED.encoding.stream) / 2
    [report] = bench.show(2, told)
    assert (report.state, report.revision, report.content_prefix) == (ReportState.SHOWN, 2, REPRICED.content_id[:4])
    assert bench.glass == [REPRICED.planes]


def test_a_difference_survives_a_power_cut_in_the_midst_of_its_parts(bench: Bench) -> None:
    bench.show(1, FIRST)
    told = difference_to(FIRST, SECOND)
    offsets = wanted(bench.offer(2, told), told)
    bench.tag.receive(part(told, offsets[0]))
    bench.tag.power_cut()
    bench.send_parts(told, bench.tag.contact())
    assert bench.draw()
    assert bench.reports(bench.tag.contact())[-1].state is ReportState.SHOWN
    assert bench.glass == [SECOND.planes]


def test_a_difference_to_a_picture_that_is_not_held_is_refused_and_the_whole_one_is_taken(bench: Bench) -> None:
    bench.show(1, FIRST)
    for wrong in (
        difference_to(THIRD, SECOND),
        replace(SECOND, encoding=replace(SECOND.encoding, base_prefix=b"8" * 8)),
    ):
        items = bench.offer(2, wrong)
        said = [(report.state, report.cause) for report in bench.reports(items)]
        assert said == [(ReportState.REFUSED, Cause.NO_BASE)]
        assert wanted(items, wrong) == []
        bench.tag.power_cut()
        items = bench.tag.contact()
        assert wanted(items, wrong) == []
        assert bench.reports(items)[0].state is ReportState.REFUSED
    assert bench.show(2, SECOND)[0].state is ReportState.SHOWN
    assert bench.glass == [SECOND.planes]


def test_a_base_that_flash_has_spoiled_is_no_base(bench: Bench) -> None:
    bench.show(1, FIRST)
    flash = bench.tag.memory.displays[0]
    flash.slots = [slot and replace(slot, octets=b"\x01" + slot.octets[1:]) for slot in flash.slots]
    items = bench.offer(2, difference_to(FIRST, SECOND))
    assert [report.state for report in bench.reports(items)] == [ReportState.REFUSED]


def test_a_base_that_is_spoiled_while_the_parts_come_draws_nothing(bench: Bench) -> None:
    bench.show(1, FIRST)
    told = difference_to(FIRST, SECOND)
    items = bench.offer(2, told)
    flash = bench.tag.memory.displays[0]
    flash.slots = [slot and replace(slot, octets=b"\x01" + slot.octets[1:]) for slot in flash.slots]
    [report] = bench.reports(bench.send_parts(told, items))
    assert (report.state, report.cause) == (ReportState.REFUSED, Cause.NO_BASE)
    assert not bench.draw()
    assert bench.glass == [FIRST.planes]


def test_a_difference_without_a_base_is_refused_before_a_part_of_it_is_fetched(bench: Bench) -> None:
    bench.show(1, FIRST)
    told = difference_to(FIRST, SECOND)
    without = replace(told, encoding=encoding_of(Codec.DIFFERENCE, NO_BASE, told.encoding.data))
    items = bench.offer(2, without)
    assert [(report.state, report.cause) for report in bench.reports(items)] == [(ReportState.REFUSED, Cause.NO_BASE)]
    assert wanted(items, without) == []
    assert bench.show(2, SECOND)[0].state is ReportState.SHOWN


def test_a_difference_that_comes_again_does_not_end_the_transfer_of_the_whole_picture(bench: Bench) -> None:
    bench.show(1, FIRST)
    replayed = bench.manifest(2, difference_to(THIRD, SECOND))
    assert bench.reports(bench.tag.receive(replayed))[-1].state is ReportState.REFUSED
    offsets = wanted(bench.offer(2, SECOND), SECOND)
    bench.tag.receive(part(SECOND, offsets[0]))
    items = bench.tag.receive(replayed)
    assert wanted(items, SECOND) == offsets[1:]
    bench.send_parts(SECOND, items)
    assert bench.draw()
    assert bench.glass == [SECOND.planes]


def test_a_tag_that_lost_its_power_in_a_refresh_says_so_until_the_next_one_has_ended(bench: Bench) -> None:
    bench.send_parts(FIRST, bench.offer(1, FIRST))
    order = bench.tag.refresh_due()
    assert order is not None
    bench.tag.refresh_begins(0)
    kept = TagMachine.from_json(TAG, CODE, bench.tag.to_json(), bench.tag._draw)
    for tag in (bench.tag, kept):
        tag.power_cut()
        [report] = bench.reports(tag.contact())
        assert (report.state, report.cause) == (ReportState.GLASS_UNKNOWN, Cause.BROWN_OUT)
    bench.tag.power_cut()
    assert bench.reports(bench.tag.contact())[0].cause is Cause.BROWN_OUT, "it has not been drawn since"
    assert bench.draw()
    [report] = bench.reports(bench.tag.contact())
    assert (report.state, report.cause) == (ReportState.SHOWN, Cause.NONE)
    bench.tag.power_cut()
    assert bench.tag.report(0).cause is Cause.NONE


def test_flash_that_forgot_a_picture_is_found_out_when_it_is_read_back(bench: Bench) -> None:
    bench.send_parts(FIRST, bench.offer(1, FIRST))
    flash = bench.tag.memory.displays[0]
    flash.slots = [slot and replace(slot, octets=bytes(len(slot.octets))) for slot in flash.slots]
    assert not bench.draw()
    [report] = bench.reports(bench.tag.contact())
    assert (report.state, report.cause) == (ReportState.FAILED, Cause.SLOT_SPOILED)
    assert bench.glass == [None]
    [proof] = bench.show(1, FIRST)
    assert (proof.state, proof.cause) == (ReportState.SHOWN, Cause.NONE)


@pytest.mark.parametrize(("refresh_s", "cause"), [(0.1, Outcome.TOO_SHORT), (60.0, Outcome.TOO_LONG)])
def test_a_refresh_outside_the_panels_band_proves_nothing(bench: Bench, refresh_s: float, cause: Outcome) -> None:
    bench.send_parts(FIRST, bench.offer(1, FIRST))
    bench.draw(refresh_s=refresh_s)
    [report] = bench.reports(bench.tag.contact())
    assert (report.state, report.cause) == (ReportState.FAILED, cause.value)
    bench.offer(1, FIRST)
    assert bench.draw(), "the next offer draws it again"


def test_pictures_come_and_go_without_parts_while_their_slots_hold_them(bench: Bench) -> None:
    bench.show(1, FIRST)
    bench.show(2, SECOND)
    items = bench.offer(3, FIRST)
    assert not any(isinstance(item, PartRequest) for item in items)
    bench.draw()
    assert bench.glass == [FIRST.planes]
    bench.show(4, THIRD)
    assert wanted(bench.offer(5, SECOND), SECOND), "two slots hold two pictures"


def test_two_displays_of_a_tag_are_drawn_one_after_the_other(bench: Bench) -> None:
    bench = Bench([PANEL, PANEL])
    bench.join()
    for display, shown in enumerate((FIRST, SECOND)):
        bench.send_parts(shown, bench.offer(1, shown, display))
    first = bench.tag.refresh_due()
    assert first is not None
    bench.tag.refresh_begins(first.display)
    assert bench.tag.refresh_due() is None
    bench.tag.refresh_ended(first.display, Outcome.DRAWN, 1.7, 20, 3000)
    second = bench.tag.refresh_due()
    assert second is not None
    assert (first.planes, second.planes) == (FIRST.planes, SECOND.planes)


def test_a_refresh_ends_only_if_it_began(bench: Bench) -> None:
    bench.send_parts(FIRST, bench.offer(1, FIRST))
    order = bench.tag.refresh_due()
    assert order is not None
    bench.tag.refresh_begins(0)
    bench.tag.power_cut()
    with pytest.raises(NotNow):
        bench.tag.refresh_ended(0, Outcome.DRAWN, 1.7, 20, 3000)


def test_a_timed_picture_is_drawn_when_its_time_is_told(bench: Bench) -> None:
    bench.show(1, FIRST)
    bench.send_parts(SECOND, bench.offer(2, SECOND, t_ms=60_000))
    assert not bench.draw()
    assert bench.tag.report(0).state is ReportState.WAITING_T
    bench.tag.time_is(59_999)
    assert not bench.draw()
    bench.tag.time_is(60_000)
    assert bench.draw()
    assert bench.tag.report(0).state is ReportState.SHOWN


def test_ping_is_answered_with_basic_state_sealed_or_not(bench: Bench) -> None:
    assert ask(bench, Ping(0)) == [BasicState(BasicStateFlags.SYNCHRONIZED)]
    bench.tag.measured(20, 2300)
    [plain] = bench.tag.receive(PlainPing())
    assert isinstance(plain, Response)
    assert bench.keys is not None
    _, tlvs = open_answer(bench.keys, plain.octets)
    flags = BasicStateFlags.SYNCHRONIZED | BasicStateFlags.SERVICE_NEEDED
    assert unpack_responses(tlvs) == [BasicState(flags)]


def test_reading_the_sensor_of_a_display_gives_its_report(bench: Bench) -> None:
    bench.show(3, FIRST)
    answers = ask(bench, ReadSensorData(0, 0xE0), ReadSensorData(0, 0xE1), ReadSensorData(0, 5))
    assert answers == [
        SensorValue(0xE0, bench.tag.report(0).pack()),
        Error(ErrorCode.INVALID_PARAMETERS),
        Error(ErrorCode.INVALID_PARAMETERS),
    ]


def test_answers_that_find_no_room_are_told_so(bench: Bench) -> None:
    answers = ask(bench, *[ReadSensorData(0, 0xE0)] * 4)
    assert [type(answer) for answer in answers] == [SensorValue, SensorValue, Error]
    assert answers[-1] == Error(ErrorCode.CAPACITY_LIMIT)


def test_display_image_is_accepted_and_draws_nothing_of_its_own(bench: Bench) -> None:
    bench.show(1, FIRST)
    bench.show(2, SECOND)
    assert ask(bench, DisplayImage(0, 0, 0)) == [DisplayState(0, 0)]
    assert not bench.draw()
    assert ask(bench, DisplayImage(0, 0, 2)) == [Error(ErrorCode.INVALID_IMAGE_INDEX)]
    assert ask(bench, DisplayImage(0, 1, 0)) == [Error(ErrorCode.INVALID_PARAMETERS)]


def test_display_image_is_refused_for_an_empty_slot_and_for_one_that_waits_for_its_time(bench: Bench) -> None:
    bench.show(1, FIRST)
    assert ask(bench, DisplayImage(0, 0, 1)) == [Error(ErrorCode.IMAGE_NOT_AVAILABLE)]
    bench.send_parts(SECOND, bench.offer(2, SECOND, t_ms=60_000))
    assert ask(bench, DisplayImage(0, 0, 1)) == [Error(ErrorCode.INVALID_STATE)]


def test_a_commissioned_tag_on_poll_counts_as_synchronized(bench: Bench) -> None:
    bench.show(1, FIRST)
    before = bench.tag.to_json()["displays"]
    synchronized, refused = BasicState(BasicStateFlags.SYNCHRONIZED), Error(ErrorCode.INVALID_STATE)
    assert ask(bench, UpdateComplete(0), FactoryReset(0)) == [refused, refused]
    assert ask(bench, UnassociateFromAp(0), Ping(0)) == [BasicState(0), BasicState(0)]
    assert ask(bench, Ping(0)) == [synchronized]
    assert bench.tag.commissioned
    assert bench.tag.to_json()["displays"] == before


def test_a_service_reset_takes_back_the_need_of_service_until_it_is_measured_again(bench: Bench) -> None:
    synchronized = BasicStateFlags.SYNCHRONIZED
    bench.tag.measured(20, 2300)
    bench.tag.power_cut()
    assert ask(bench, Ping(0)) == [BasicState(synchronized | BasicStateFlags.SERVICE_NEEDED)]
    assert ask(bench, ServiceReset(0), Ping(0)) == [BasicState(synchronized)] * 2
    bench.tag.measured(20, 2300)
    assert ask(bench, Ping(0)) == [BasicState(synchronized | BasicStateFlags.SERVICE_NEEDED)]


def test_a_command_with_lasting_effect_is_never_obeyed_again_after_a_reboot(bench: Bench) -> None:
    assert bench.keys is not None
    lasting = [SealedCommand(seal_command(bench.keys, n, pack_tlvs([ServiceReset(0)]))) for n in (90, 91)]
    ping = SealedCommand(seal_command(bench.keys, 92, pack_tlvs([Ping(0)])))
    assert len(bench.tag.receive(lasting[1])) == len(bench.tag.receive(ping)) == 1
    kept = json.loads(json.dumps(bench.tag.to_json()))
    bench.tag = TagMachine.from_json(TAG, CODE, kept, bytes)
    assert [bench.tag.receive(item) for item in lasting] == [[], []]
    assert len(bench.tag.receive(ping)) == 1, "what a reboot lets be replayed asks a question, no more"
    answer, bench.keys = bench.answer_to(bench.request(bench.tag.receive(PleaseCommission.BIT)), owner=True)
    bench.tag.receive(answer)
    bench.down_counter = 0
    assert ask(bench, Ping(0)) == [BasicState(BasicStateFlags.SYNCHRONIZED)], "new keys, new counters"


def test_the_memory_of_a_tag_of_the_first_release_is_read(bench: Bench) -> None:
    kept = bench.tag.to_json()
    old = {name: value for name, value in kept.items() if name != "down_floor"}
    bench.tag = TagMachine.from_json(TAG, CODE, json.loads(json.dumps(old)), bytes)
    assert bench.tag.to_json() == kept


def test_a_refresh_by_command_draws_a_glass_that_failed_and_none_that_shows_its_order(bench: Bench) -> None:
    bench.send_parts(FIRST, bench.offer(1, FIRST))
    bench.draw(Outcome.BUSY_MISSING)
    assert ask(bench, RefreshDisplay(0, 0)) == [DisplayState(0, 0)]
    assert bench.draw()
    assert bench.glass == [FIRST.planes]
    assert ask(bench, RefreshDisplay(0, 0)) == [DisplayState(0, 0)]
    assert not bench.draw()
    [report] = bench.reports(bench.tag.contact())
    assert (report.state, report.revision, report.refresh_counter) == (ReportState.SHOWN, 1, 1)


def test_a_glass_that_no_manifest_orders_is_not_drawn_by_command(bench: Bench) -> None:
    bench.show(1, FIRST)
    answer, bench.keys = bench.answer_to(bench.request(bench.tag.receive(PleaseCommission.BIT)), owner=True)
    bench.tag.receive(answer)
    assert ask(bench, RefreshDisplay(0, 0)) == [Error(ErrorCode.INVALID_STATE)]
    assert not bench.draw()


def test_an_led_that_was_lit_before_the_tag_knew_the_time_begins_when_it_is_told(bench: Bench) -> None:
    [lit] = unpack_commands(bytes.fromhex("B00000FF010000000005320400"))  # 100 ms, twice
    [timed] = unpack_commands(bytes.fromhex("F00000FF010000000005320400") + (9000).to_bytes(4, "little"))
    assert not isinstance(lit, UnknownTlv)
    assert not isinstance(timed, UnknownTlv)
    assert ask(bench, lit, timed) == [LedState(0), Error(ErrorCode.IMPLAUSIBLE_ABSOLUTE_TIME)]
    led = bench.tag.commanded.leds[0]
    bench.tag.time_is(5000)
    assert bench.tag.wake_at() == 5200
    assert led.lit_at(5199) is not None
    bench.tag.time_is(4000)  # the site's clock was set back
    assert led.lit_at(4000) is not None
    bench.tag.time_is(5200)
    assert not led.is_active
    assert bench.tag.wake_at() is None


def test_a_tag_without_leds_knows_no_such_command(bench: Bench) -> None:
    bench.tag = TagMachine(TAG, CODE, [PANEL], bytes, bench.tag.memory, leds=0)
    [lit] = unpack_commands(bytes.fromhex("B00000FF010000000005320400"))
    assert not isinstance(lit, UnknownTlv)
    invalid_opcode = Error(ErrorCode.INVALID_OPCODE)
    assert ask(bench, lit, VendorCommand(0, b"")) == [invalid_opcode, invalid_opcode]


def test_a_command_heard_twice_is_answered_once(bench: Bench) -> None:
    assert bench.keys is not None
    item = SealedCommand(seal_command(bench.keys, 77, pack_tlvs([Ping(0)])))
    assert len(bench.tag.receive(item)) == 1
    assert bench.tag.receive(item) == []


def test_counters_up_never_repeat_over_reboots(bench: Bench) -> None:
    for _ in range(5):
        bench.reports(bench.offer(1, FIRST))
        bench.tag.power_cut()
        bench.reports(bench.tag.contact())
    counters = [counter for counter, _ in bench.heard]
    assert len(set(counters)) == len(counters)
    assert counters == sorted(counters)


def test_reports_nobody_answered_are_said_again(bench: Bench) -> None:
    bench.send_parts(FIRST, bench.offer(1, FIRST))
    bench.draw()
    said = bench.tag.contact()
    assert bench.tag.contact() == []
    bench.tag.unheard(said)
    assert bench.reports(bench.tag.contact())[0].state is ReportState.SHOWN


def test_a_tag_wakes_from_its_kept_memory_as_it_went_to_sleep(bench: Bench) -> None:
    bench.show(1, FIRST)
    bench.offer(2, SECOND)
    kept = json.loads(json.dumps(bench.tag.to_json()))
    bench.tag = TagMachine.from_json(TAG, CODE, kept, bytes)
    assert bench.tag.to_json() == kept
    bench.send_parts(SECOND, bench.tag.contact())
    bench.draw()
    [report] = bench.reports(bench.tag.contact())
    assert (report.state, report.revision, report.refresh_counter) == (ReportState.SHOWN, 2, 2)


def test_a_factory_reset_forgets_the_owner_and_leaves_the_glass(bench: Bench) -> None:
    bench.show(1, FIRST)
    nonce = bench.tag.memory.nonce
    bench.tag.factory_reset()
    assert bench.glass == [FIRST.planes]
    assert bench.tag.memory.nonce != nonce
    assert [report.state for report in bench.join()] == [ReportState.GLASS_UNKNOWN]


def test_a_day_of_four_price_changes_stays_far_below_a_hundred_records(bench: Bench) -> None:
    before = bench.tag.memory.records
    for revision in range(1, 5):
        bench.show(revision, picture(100 + revision))
    assert 4 * 4 <= bench.tag.memory.records - before <= 40


def test_an_idle_contact_costs_no_counter_and_no_record(bench: Bench) -> None:
    bench.show(1, FIRST)
    before = bench.tag.to_json()
    assert not bench.tag.has_news
    assert [bench.tag.contact() for _ in range(100)] == [[]] * 100
    assert bench.tag.to_json() == before


def test_a_glass_that_nobody_knows_is_told_at_each_contact_until_it_is_offered_a_picture(bench: Bench) -> None:
    bench.show(1, FIRST)
    bench.tag.glass_taken(0)
    for _ in range(3):  # each of these may be lost behind the bridge
        assert bench.tag.has_news
        (told,) = bench.reports(bench.tag.contact())
        assert told.state is ReportState.GLASS_UNKNOWN
    bench.offer(1, FIRST)
    assert bench.draw()
    (told,) = bench.reports(bench.tag.contact())
    assert told.state is ReportState.SHOWN
    assert not bench.tag.has_news
    assert bench.tag.contact() == []
