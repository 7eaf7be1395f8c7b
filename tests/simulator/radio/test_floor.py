"""Floors: what stands between a tag and a bridge, and plans that are refused."""

import pytest
from msgspec.structs import replace

from simulator.radio.draws import draws
from simulator.radio.floor import Floor, Kind, Point, Shelf, Spot
from simulator.radio.floor_file import SHIPPED, PlanWrong, parse_floor, read_floor

SHOP = """
name = "Test"
width_m = 20
depth_m = 10
ceiling_m = 3
[[shelf]]
kind = "back_to_back"
from = [5, 1]
to = [5, 9]
height_m = 2
[[shelf]]
kind = "metal"
from = [10, 9]
to = [10, 1]
height_m = 2
[[shelf]]
kind = "freezer"
from = [15, 1]
to = [15, 9]
[[bridge]]
at = [1, 5]
height_m = 1
"""


def at(shop: Floor, x: float, z: float = 1.0, shelf: int = 0) -> Spot:
    return Spot(Point(x, 5, z), shop.shelves[shelf])


def obstacles(shop: Floor, spot: Spot, bridge: Point) -> float:
    (loss_db,) = shop.between_db([spot], bridge)
    return float(loss_db)


def test_what_a_wave_crosses_costs_what_the_facts_say() -> None:
    """Facts 5.2: metal shelf side 8 dB, back to back 15 dB, freezer door 10 dB."""
    shop = parse_floor(SHOP)
    bridge = shop.bridges["bridge-1"]
    assert obstacles(shop, at(shop, 4.5), bridge) == 0
    assert obstacles(shop, at(shop, 5.5), bridge) == 15
    assert obstacles(shop, at(shop, 12.0), bridge) == 15 + 8
    assert obstacles(shop, at(shop, 14.5, shelf=2), bridge) == 30  # 33, but over the top it is 30
    assert obstacles(shop, at(shop, 2.0, shelf=2), bridge) == 10  # it is behind its door wherever it stands


def test_a_wave_that_passes_above_a_shelf_is_not_weakened() -> None:
    shop = parse_floor(SHOP)
    assert obstacles(shop, at(shop, 9.0), Point(4.9, 5, 3)) == 0  # at the gondola it is 2.95 m high
    assert obstacles(shop, at(shop, 5.5), Point(1, 5, 3)) == 15  # just behind its own gondola it is 1.2 m high


def test_tags_hang_on_every_side_of_the_shelves_as_long_as_it_is() -> None:
    shop = parse_floor(SHOP)
    spots = shop.spots(4000, draws(1, "shop", "places"))
    assert len(spots) == 4000
    assert spots == shop.spots(4000, draws(1, "shop", "places"))
    gondola = [spot for spot in spots if spot.shelf.kind is Kind.BACK_TO_BACK]
    assert len(gondola) == pytest.approx(2000, abs=2)
    assert {round(spot.at.x, 6) for spot in gondola} == {4.5, 5.5}
    assert all(1 <= spot.at.y <= 9 and 0.2 < spot.at.z < 2 for spot in spots)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_plans_that_ship_have_bridges_and_room_for_tags(name: str) -> None:
    shop = read_floor(name)
    assert shop.bridges
    for spot in shop.spots(500, draws(1, name, "places")):
        assert -0.5 <= spot.at.x <= shop.width_m
        assert 0 <= spot.at.y <= shop.depth_m


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 12])
def test_so_many_bridges_as_wanted_hang_apart_from_each_other(count: int) -> None:
    bridges = list(read_floor("hypermarket").with_bridges(count).bridges.values())
    assert len(bridges) == count
    assert all(a.distance_m(b) > 15 for place, a in enumerate(bridges) for b in bridges[:place])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "metal"', 'kind = "wood"', "shelf 2: kind is 'wood'"),
        ("from = [5, 1]", "from = [5, 9]", "shelf 1: it begins where it ends"),
        ("to = [5, 9]", "to = [5, 19]", "outside the shop"),
        ("width_m = 20", "width_m = true", "width_m is True"),
        ("at = [1, 5]", "at = [1]", "bridge 1: at is [1]"),
        ("ceiling_m = 3", "ceiling_m = 3\ncolour = 1", "'colour' is not one of"),
        ("width_m", "width_m =", "not TOML"),
        ("[[bridge]]", "[bridge]", "bridge is written as [[bridge]]"),
    ],
)
def test_a_plan_that_is_wrong_is_refused_by_name(old: str, new: str, said: str) -> None:
    with pytest.raises(PlanWrong) as refused:
        parse_floor(SHOP.replace(old, new, 1))
    assert said in str(refused.value)


def test_a_plan_without_shelves_is_refused() -> None:
    with pytest.raises(PlanWrong, match="no \\[\\[shelf\\]\\]"):
        parse_floor('name = "empty"\nwidth_m = 3\ndepth_m = 3\nceiling_m = 3')


def test_a_shelf_and_a_line_along_it_never_cross() -> None:
    shop = parse_floor(SHOP)
    along = replace(shop, shelves=(Shelf("s", Kind.METAL, (5.0, 1.0), (5.0, 9.0), 2.0),))
    assert obstacles(along, Spot(Point(5.0, 2, 1), along.shelves[0]), Point(5.0, 8, 1)) == 0
