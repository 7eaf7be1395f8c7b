"""A shop of tags out of a seed, at work with a host of its own kind."""

from typing import Any

import pytest

from firmware_protocol.openepaperlink.picture import payload_of
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES
from simulator.openepaperlink.air import Air
from simulator.openepaperlink.builds import C6_OF_2024
from simulator.openepaperlink.families import EFR32, NRF, ZBS
from simulator.openepaperlink.shop import family_of, make_shop
from simulator.openepaperlink.tag import OeplTag
from simulator.panel import white


def test_a_shop_has_every_type_within_reach_and_no_address_twice() -> None:
    _, tags = make_shop(200, 1)
    assert len({tag.tag_id for tag in tags}) == 200
    seen = {tag.type.hw_type for tag in tags}
    assert {number for number in TAG_TYPES if number not in seen} == {0x80, 0x81, 0x82, 0x83}  # sub-GHz
    assert {tag.family for tag in tags} == {ZBS, NRF, EFR32}
    assert [family_of(TAG_TYPES[number]) for number in (0x01, 0x33, 0x2B)] == [ZBS, NRF, EFR32]


def test_a_tag_is_the_same_in_a_shop_of_any_size() -> None:
    def looks(tag: OeplTag) -> tuple[object, ...]:
        return (tag.tag_id, tag.type, tag.dbm, tag.battery_mv, tag.clock_rate, tag.first_check_in_s)

    small, large, other = make_shop(5, 7), make_shop(50, 7), make_shop(5, 8)
    assert [looks(tag) for tag in small[1]] == [looks(tag) for tag in large[1][:5]]
    assert small[0].mac == large[0].mac != other[0].mac
    assert {tag.tag_id for tag in small[1]}.isdisjoint(tag.tag_id for tag in other[1])


def test_a_shop_takes_its_build_and_its_loss() -> None:
    module, tags = make_shop(3, 1, loss=0.25, build=C6_OF_2024)
    assert module.build is C6_OF_2024
    assert [tag.loss for tag in tags] == [0.25] * 3


def test_its_tags_wait_for_a_host_to_tune_the_module(bench: Any) -> None:
    _, tags = make_shop(10, 3)
    host = bench(*tags)
    host.air.switch_on(host.now_s)
    host.run(600.0)
    assert host.check_ins == []
    host.tune(11)
    host.run(60.0)
    assert {one.tag_id for one in host.check_ins} == {tag.tag_id for tag in tags}
    assert {tag.channel for tag in tags} == {11}


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_every_tag_of_a_shop_shows_its_picture(bench: Any, loss: float) -> None:
    _, tags = make_shop(20, 5, loss=loss)
    host = bench(*tags)
    host.air.switch_on(host.now_s)
    host.run(1.0)
    host.tune(11)
    host.ask(b"HSPD")
    host.run(1.0)
    payloads = {}
    for tag in tags:
        payload = payload_of(tag.type, white(tag.type.panel), tag.software_version)
        payloads[tag.tag_id] = payload
        host.offer(tag.tag_id, payload.octets, payload.data_type)
    host.run(1800.0)
    assert [tag.glass for tag in tags] == [white(tag.type.panel) for tag in tags]
    assert [tag.shown_data_ver for tag in tags] == [payloads[tag.tag_id].data_ver for tag in tags]


def test_two_tags_with_one_address_are_our_mistake() -> None:
    module, tags = make_shop(2, 1)
    with pytest.raises(ValueError, match="one id"):
        Air(module, [tags[0], tags[1], tags[0]])
