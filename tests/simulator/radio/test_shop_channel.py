"""The air of a shop, and the flat one: both answer by seed, in any order."""

import pytest

from simulator.radio.bursts import WiFi
from simulator.radio.channel import FlatChannel
from simulator.radio.draws import draws
from simulator.radio.floor_file import read_floor
from simulator.radio.path_loss import Way
from simulator.radio.shop_channel import IN_REACH_DB, Air, ShopChannel

TAGS = [f"tag-{number}" for number in range(400)]
CALM = Air(preset="quiet", outages_per_hour=0, disturbances_per_hour=0)


def shop(air: Air = CALM, floor: str = "supermarket") -> ShopChannel:
    return ShopChannel(read_floor(floor), TAGS, 1, air)


def lost_share(channel: ShopChannel, tag: str, octets: int, way: Way = Way.UP, count: int = 3000) -> float:
    bridge = channel.heard_by(tag)[0].bridge
    return sum(channel.loses(tag, bridge, way, 7.0 * one, octets, one) for one in range(count)) / count


def test_a_tag_hears_the_strongest_bridge_first_and_none_that_cannot_hear_it() -> None:
    channel = shop(floor="hypermarket")
    for tag in TAGS:
        heard = channel.heard_by(tag)
        assert [one.signal_dbm for one in heard] == sorted((one.signal_dbm for one in heard), reverse=True)
        assert len(heard) <= 3
        assert all(channel.margin_db(tag, one.bridge) >= IN_REACH_DB for one in heard)


def test_what_is_asked_twice_or_backwards_is_answered_the_same() -> None:
    asked = [(tag, number) for number in range(20) for tag in TAGS[:20]]
    forward, backward = shop(Air()), shop(Air())

    def ask(channel: ShopChannel, tag: str, number: int) -> bool:
        return channel.loses(tag, "bridge-1", Way.UP, 3.0 * number, 126, number)

    first = {one: ask(forward, *one) for one in asked}
    assert {one: ask(backward, *one) for one in reversed(asked)} == first
    assert any(first.values())
    assert not all(first.values())


def test_tags_that_trade_places_hear_and_lose_what_the_other_did_there() -> None:
    channel = shop(floor="hypermarket")
    one = TAGS[0]
    other = next(tag for tag in TAGS if channel.heard_by(tag)[0].bridge != channel.heard_by(one)[0].bridge)
    was = {tag: (channel.heard_by(tag), lost_share(channel, tag, 126, count=20)) for tag in (one, other)}
    channel.trade_places(one, other)
    assert (channel.heard_by(one), channel.heard_by(other)) == (was[other][0], was[one][0])
    far = was[one][0][0].bridge
    assert channel.signal_dbm(other, far) > channel.signal_dbm(one, far)
    channel.trade_places(other, one)
    assert {tag: (channel.heard_by(tag), lost_share(channel, tag, 126, count=20)) for tag in (one, other)} == was


def test_a_tag_at_the_edge_loses_parts_and_keeps_short_frames() -> None:
    channel = shop()
    edge = min(
        TAGS,
        key=lambda tag: abs(channel.margin_db(tag, channel.heard_by(tag)[0].bridge)) if channel.heard_by(tag) else 99,
    )
    assert lost_share(channel, edge, 126) > lost_share(channel, edge, 20) + 0.05
    # the bridge is 8 dB louder
    assert lost_share(channel, edge, 126, Way.DOWN) < 0.1


def test_a_near_tag_loses_what_the_preset_says() -> None:
    near = max(TAGS, key=lambda tag: max(shop_margin(tag)))
    for preset, mean in (("quiet", 0.004), ("store", 0.047), ("busy", 0.21)):  # facts 5.1, "Mean loss"
        channel = shop(Air(preset=preset, outages_per_hour=0, disturbances_per_hour=0))
        assert lost_share(channel, near, 41, count=12_000) == pytest.approx(mean, rel=0.2)


_CALM = shop()


def shop_margin(tag: str) -> list[float]:
    return [_CALM.margin_db(tag, name) for name in _CALM.floor.bridges]


def test_a_busy_neighbour_on_the_channel_is_heard_and_one_beside_it_is_not() -> None:
    near = max(TAGS, key=lambda tag: max(shop_margin(tag)))
    beside = shop(Air("quiet", 0, 0, 25, (WiFi(11, 0.3),)))
    on_it = shop(Air("quiet", 0, 0, 18, (WiFi(6, 0.3),)))
    assert lost_share(beside, near, 126) < 0.02
    assert lost_share(on_it, near, 126) > 0.3


def test_in_an_outage_nothing_passes() -> None:
    channel = shop(Air("quiet", outages_per_hour=2, disturbances_per_hour=0))
    near = max(TAGS, key=lambda tag: max(shop_margin(tag)))
    bridge = channel.heard_by(near)[0].bridge
    lost = [channel.loses(near, bridge, Way.DOWN, float(second), 20, second) for second in range(1800)]
    longest = max(len(run) for run in "".join("x" if one else " " for one in lost).split())
    assert 2 <= longest <= 60


def test_a_flat_channel_loses_its_share_of_every_length_and_knows_no_places() -> None:
    channel = FlatChannel(0.2, seed=3)
    for octets in (20, 126):
        lost = sum(channel.loses("t", "b", Way.UP, 0.0, octets, number) for number in range(5000))
        assert lost / 5000 == pytest.approx(0.2, abs=0.02)
    assert channel.heard_by("t") is None
    assert not any(FlatChannel().loses("t", "b", Way.UP, 0.0, 126, number) for number in range(100))


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="no preset is called 'loud'"):
        Air(preset="loud")


def test_draws_of_another_name_purpose_or_seed_are_others() -> None:
    at = [draws(*key)(7) for key in ((1, "a", "x"), (2, "a", "x"), (1, "b", "x"), (1, "a", "y"))]
    assert len(set(at)) == 4
    assert draws(1, "a", "x")(7) == at[0]
