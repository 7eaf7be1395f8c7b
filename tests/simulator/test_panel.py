"""The glass: times, and every way a refresh goes wrong."""

import pytest

from firmware_protocol import PANELS, Panel
from simulator.chance import generator
from simulator.panel import Fate, Glass, RefreshRates, temperature_factor, white


def black(panel: Panel) -> tuple[bytes, ...]:
    return (bytes(panel.plane_octets), *(bytes(size) for size in panel.plane_sizes[1:]))


def inked(panel: Panel) -> tuple[bytes, ...]:
    """White in the black plane, and all ink in the last colour."""
    planes = list(white(panel))
    planes[-1] = b"\xff" * panel.plane_octets
    return tuple(planes)


@pytest.mark.parametrize("panel", PANELS.values(), ids=lambda panel: panel.name)
def test_a_good_refresh_takes_a_time_inside_the_panels_band_from_0_to_40_degrees(panel: Panel) -> None:
    chance = generator(1, panel.name)
    low, high = panel.refresh_band_s
    for temperature in (0, 3, 5, 8, 10, 14, 20, 40):
        glass = Glass(panel)
        refresh = glass.begin(black(panel), temperature, chance)
        assert low < refresh.busy_s < high
        assert refresh.energy_mj == panel.refresh_mj * temperature_factor(temperature)
        glass.end()
        assert glass.planes == black(panel)
        assert glass.refreshes == 1


@pytest.mark.parametrize(
    ("fate", "shows_all"),
    [(Fate.BUSY_MISSING, False), (Fate.BUSY_SHORT, False), (Fate.BUSY_LONG, True)],
)
@pytest.mark.parametrize("panel", PANELS.values(), ids=lambda panel: panel.name)
def test_a_bad_refresh_shows_outside_the_band(panel: Panel, fate: Fate, shows_all: bool) -> None:
    glass = Glass(panel)
    refresh = glass.begin(black(panel), 20, generator(1, "bad"), fate)
    low, high = panel.refresh_band_s
    assert not low <= refresh.busy_s <= high
    glass.end()
    assert (glass.planes == black(panel)) is shows_all


def test_a_busy_line_that_never_rises_leaves_the_glass_untouched() -> None:
    panel = PANELS["2.9-bw"]
    glass = Glass(panel)
    glass.begin(black(panel), 20, generator(1, "x"), Fate.BUSY_MISSING)
    glass.end()
    assert glass.planes == white(panel)
    assert glass.refreshes == 0


def test_a_power_cut_leaves_a_picture_that_is_neither_the_old_nor_the_new() -> None:
    panel = PANELS["2.13-bw"]
    glass = Glass(panel)
    glass.begin(black(panel), 20, generator(1, "x"))
    glass.cut(0.5)
    upper = panel.row_octets * panel.height_px // 2
    assert glass.planes[0] == bytes(upper) + b"\xff" * (panel.plane_octets - upper)


def test_a_colour_glass_cut_in_its_first_phase_has_no_colour_at_all() -> None:
    panel = PANELS["2.9-bwry"]
    glass = Glass(panel, planes=inked(panel))
    glass.begin(inked(panel), 20, generator(1, "x"))
    glass.cut(0.4)
    assert not any(any(plane) for plane in glass.planes[1:])
    glass.begin(inked(panel), 20, generator(1, "x"))
    glass.cut(0.9)
    assert glass.planes[2] not in (inked(panel)[2], bytes(panel.plane_octets))


def test_a_cut_before_the_flash_starts_leaves_the_old_picture() -> None:
    panel = PANELS["4.2-bwr"]
    glass = Glass(panel, planes=black(panel))
    glass.begin(white(panel), 20, generator(1, "x"))
    glass.cut(0.01)
    assert glass.planes == black(panel)


def test_cold_slows_a_refresh_as_the_facts_say() -> None:
    assert [temperature_factor(t) for t in (-5, 0, 5, 10, 15, 25)] == [3, 3, 2, 1.5, 1, 1]
    assert temperature_factor(7.5) == pytest.approx(1.75)


def test_refresh_fates_are_drawn_at_their_rates() -> None:
    rates = RefreshRates(busy_missing=0.1, busy_short=0.2, busy_long=0.3, brown_out=0.05)
    chance = generator(3, "rates")
    drawn = [rates.draw(chance) for _ in range(20_000)]
    share = {fate: drawn.count(fate) / len(drawn) for fate in Fate}
    assert share[Fate.BUSY_MISSING] == pytest.approx(0.1, abs=0.01)
    assert share[Fate.BUSY_SHORT] == pytest.approx(0.2, abs=0.01)
    assert share[Fate.BUSY_LONG] == pytest.approx(0.3, abs=0.01)
    assert share[Fate.BROWN_OUT] == pytest.approx(0.05, abs=0.01)


def test_planes_of_another_panel_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2\.9-bw"):
        Glass(PANELS["2.9-bw"]).begin(white(PANELS["2.13-bw"]), 20, generator(1, "x"))


def test_what_a_shopper_sees_is_not_what_the_tag_has_drawn_where_rows_are_dead_or_damaged() -> None:
    panel = PANELS["2.9-bwr"]
    glass, chance = Glass(panel), generator(1, "blind")
    glass.dead_rows, glass.blotch = (0, 2), (10, 11)
    glass.begin(inked(panel), 20, chance)
    glass.end()
    assert glass.planes == inked(panel)
    assert glass.blotch == (0, 0), "a refresh draws over it"
    assert glass.seen[1] == bytes(2 * panel.row_octets) + inked(panel)[1][2 * panel.row_octets :]
    glass.blotch = (10, 11)
    assert glass.seen[1][10 * panel.row_octets : 11 * panel.row_octets] == bytes(panel.row_octets)


@pytest.mark.parametrize(("declared", "built"), [("2.9-bw", "2.9-bwr"), ("2.9-bwr", "2.9-bw")])
def test_another_glass_behind_the_declared_panel_tells_itself_by_its_time(declared: str, built: str) -> None:
    glass = Glass(PANELS[declared], built_as=PANELS[built])
    low_s, high_s = PANELS[declared].refresh_band_s
    refresh = glass.begin(black(PANELS[declared]), 20, generator(1, declared))
    assert not low_s <= refresh.busy_s <= high_s
    glass.end()
    assert glass.busy_s == refresh.busy_s
