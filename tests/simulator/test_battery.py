"""The cell: a life of years, and its end in a refresh."""

import pytest

from firmware_protocol import PANELS
from simulator.battery import CELLS_BY_INCHES, CR2450, POLL_UC, Battery

YEAR_S = 365 * 86_400


def test_a_small_label_polled_each_minute_and_drawn_four_times_a_day_lives_about_five_years() -> None:
    battery = Battery(CR2450)
    years = 0
    while battery.used_share < 1:
        years += 1
        battery.sleep(YEAR_S)
        battery.spend(POLL_UC * YEAR_S / 60)
        for _ in range(4 * 365):
            battery.refresh(PANELS["2.13-bwr"].refresh_mj)
    assert 5 <= years <= 7  # the facts' table: 5.3 years


def test_a_full_cell_carries_a_refresh_and_an_almost_empty_one_in_the_cold_does_not() -> None:
    battery = Battery(CR2450)
    assert battery.millivolts() == 3000
    assert not battery.browns_out(20)
    battery.spend(battery.capacity_uc * 0.8)
    assert not battery.browns_out(20)
    assert battery.browns_out(-20)


def test_voltage_under_load_falls_with_use_and_with_cold() -> None:
    battery = Battery(CR2450)
    assert battery.load_v(12, 20) == pytest.approx(3.0 - 0.144)
    battery.spend(battery.capacity_uc * 0.8)
    assert battery.load_v(12, 20) == pytest.approx(3.0 - 0.48)
    assert battery.load_v(12, 0) == pytest.approx(3.0 - 0.96)


def test_every_panel_of_the_catalogue_has_its_cells() -> None:
    assert {name.split("-")[0] for name in PANELS} == set(CELLS_BY_INCHES)
