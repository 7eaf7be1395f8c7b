"""A shop planned by simulation: what the plan says, what it refuses, and that it says it again."""

import pytest
from msgspec.structs import replace

from simulator.radio.draws import draws
from simulator.radio.floor_file import read_floor
from simulator.radio.path_loss import Way
from simulator.radio.polled_bridge import MANIFEST_OCTETS, PART_FRAME_OCTETS, Picture, PolledBridge
from simulator.radio.shop_channel import Air
from simulator.radio.sizing import Goals, NoPlan, plan

SHOP = read_floor("corner-shop")
SMALL = Picture(octets=1030, refresh_s=2.0, refresh_mj=60)


def nothing_lost(tag: int, way: Way, at_s: float, octets: int, number: int) -> bool:
    return False


def test_a_lone_change_waits_half_an_interval_and_is_proved_after_its_refresh() -> None:
    """Facts 4: mean N/2, 95 % 0.95 N; and 2 s for the glass."""
    orders = [(300.0 + 47.3 * number, number % 50) for number in range(1500)]
    lived = PolledBridge(50, 60.0, SMALL, nothing_lost, draws(1, "b", "t")).run(orders, 80_000)
    assert len(lived.delays_s) == 1500
    assert sum(lived.delays_s) / 1500 == pytest.approx(32.0, rel=0.05)
    assert lived.delays_s[1425] == pytest.approx(59.0, rel=0.05)


def test_when_all_change_at_once_each_is_proved_and_none_before_its_contact() -> None:
    lived = PolledBridge(300, 60.0, SMALL, nothing_lost, draws(2, "b", "t")).run(
        [(0.0, tag) for tag in range(300)], 3600, until_proved=True
    )
    assert len(lived.proved_s) == 300
    assert lived.waiting == 0
    assert 60 < lived.delays_s[-1] < 90


def test_lost_parts_are_asked_for_again_in_the_same_contact() -> None:
    coin = draws(3, "b", "coin")

    def parts_get_lost(tag: int, way: Way, at_s: float, octets: int, number: int) -> bool:
        return octets == PART_FRAME_OCTETS and way is Way.DOWN and coin((tag << 20) + number) < 0.3

    orders = [(100.0 + 61.0 * number, number) for number in range(50)]
    clean = PolledBridge(50, 60.0, SMALL, nothing_lost, draws(4, "b", "t")).run(orders, 4000)
    lossy = PolledBridge(50, 60.0, SMALL, parts_get_lost, draws(4, "b", "t")).run(orders, 4000)
    assert len(lossy.proved_s) == 50
    assert sum(lossy.delays_s) == pytest.approx(sum(clean.delays_s), rel=0.1)
    assert 1.2 * clean.pictures_uc - 50 * 20_000 < lossy.pictures_uc
    assert lossy.air_us > clean.air_us + 50 * 4 * 5060


def test_a_tag_that_nobody_hears_is_never_proved_and_costs_more() -> None:
    def manifests_get_lost(tag: int, way: Way, at_s: float, octets: int, number: int) -> bool:
        return octets == MANIFEST_OCTETS

    lived = PolledBridge(2, 60.0, SMALL, manifests_get_lost, draws(5, "b", "t")).run([(0.0, 0)], 3600)
    assert lived.waiting == 1
    assert lived.proved_s == []
    assert lived.pictures_uc > 3 * lived.contacts_uc[1]


def test_a_corner_shop_is_planned_within_its_goals_and_each_time_the_same() -> None:
    found = plan(SHOP, 150, 60, panel="2.13-bwr")
    assert found == plan(SHOP, 150, 60, panel="2.13-bwr")
    assert found.bridges == 1
    assert found.contact_s in (120.0, 60.0)
    assert found.change_95_s.simulated <= found.goals.change_s
    assert found.update_s.simulated <= found.goals.update_s
    assert found.update_s.simulated >= found.update_99_s
    # beside it the formula, which knows no loss: the simulation is never better, nor worlds apart
    assert found.change_mean_s.simulated == pytest.approx(found.change_mean_s.formula, rel=0.25)
    assert found.update_s.simulated > 0.9 * found.update_s.formula
    assert found.years.simulated == pytest.approx(found.years.formula, rel=0.1)
    assert found.years_weakest <= found.years.simulated
    assert found.meets_years


def test_a_shorter_goal_takes_more_contacts_and_so_more_charge() -> None:
    slow = plan(SHOP, 100, 40, panel="2.13-bw")
    quick = plan(SHOP, 100, 40, panel="2.13-bw", goals=Goals(change_s=45.0))
    assert quick.contact_s < slow.contact_s
    assert quick.years.simulated < slow.years.simulated
    assert quick.change_95_s.simulated <= 45


def test_a_worse_air_costs_time_and_charge() -> None:
    good = plan(SHOP, 100, 40, bridges=1)
    bad = plan(SHOP, 100, 40, bridges=1, air=Air("edge"), goals=Goals(change_s=600))
    assert bad.update_s.simulated > good.update_s.simulated
    assert good.coverage == bad.coverage  # shelves do not move


def test_a_larger_shop_needs_more_bridges() -> None:
    assert plan(read_floor("supermarket"), 300, 60, panel="2.13-bw").bridges > 1


def test_bridges_as_drawn_are_taken_where_they_are() -> None:
    found = plan(read_floor("supermarket"), 200, 40, panel="2.13-bw", as_drawn=True)
    assert found.bridges == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tags": 0}, "1 to 100000"),
        ({"goals": Goals(change_s=8.0)}, "no contact interval is short enough"),
        ({"goals": Goals(update_s=5.0)}, "a full update took"),
        ({"as_drawn": True}, "no bridges drawn"),
    ],
    ids=str,
)
def test_what_cannot_be_met_is_refused_with_what_came_nearest(options: dict[str, object], said: str) -> None:
    arguments: dict[str, object] = {"tags": 60, "panel": "2.13-bw", "bridges": 1, **options}
    if options.get("as_drawn"):
        arguments["bridges"] = None
    with pytest.raises(NoPlan) as refused:
        plan(replace(SHOP, bridges={}), changes_a_day=20, **arguments)  # type: ignore[arg-type]
    assert said in str(refused.value)


def test_a_train_proves_sooner_than_polling_and_costs_more_charge() -> None:
    """Facts 3: a connection 2 s and the picture; 7.3: PAwR 4..4.6 uA where polling each 60 s takes 1.8."""
    found = plan(SHOP, 100, 40, panel="2.13-bw")
    train = found.in_train
    assert train.fits
    # 0.88 s to be woken, 1.12 s for the rest of a connection, 0.07 s of packets, 1.7 s of glass, 0.88 s to the proof
    assert train.change_mean_s == pytest.approx(4.65, rel=0.10)
    assert train.change_95_s < found.change_95_s.simulated
    assert train.years < found.years.simulated
    # four connections: 1.95 tags a second
    assert train.update_s == pytest.approx(100 / 1.95, rel=0.15)
