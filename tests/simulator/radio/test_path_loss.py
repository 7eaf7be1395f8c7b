"""Strength and loss of frames, against the tables of the radio and panel facts, section 5.2 (literals from there)."""

from statistics import fmean, stdev

import pytest

from simulator.radio.draws import draws
from simulator.radio.path_loss import (
    BLE_1M,
    IEEE_802_15_4,
    Budget,
    Propagation,
    Way,
    packet_error_rate,
    survives,
)

# 5.2, "At 5, 10, 20, 30, 50 m": path loss in dB by exponent.
PATH_LOSS_DB = {
    1.8: (53, 58, 63, 67, 71),
    2.2: (55, 62, 69, 73, 77),
    2.8: (60, 68, 76, 81, 88),
    3.3: (63, 73, 83, 89, 96),
}
# 5.2, table "PER against margin": margin, 802.15.4 at 20, 41, 126 octets, BLE at 26, 72, 261.
PER = (
    (-2, (0.38, 0.62, 0.95), (0.87, 1.00, 1.00)),
    (-1, (0.085, 0.17, 0.43), (0.53, 0.87, 1.00)),
    (0, (0.010, 0.020, 0.061), (0.19, 0.44, 0.88)),
    (1, (0.0006, 0.001, 0.004), (0.041, 0.11, 0.34)),
    (2, (0.0, 0.0, 0.0001), (0.006, 0.015, 0.054)),
    (3, (0.0, 0.0, 0.0), (0.0004, 0.001, 0.004)),
)


@pytest.mark.parametrize("exponent", PATH_LOSS_DB)
def test_path_loss_is_that_of_the_table(exponent: float) -> None:
    at = Propagation(exponent=exponent)
    found = [at.path_loss_db(metres) for metres in (5, 10, 20, 30, 50)]
    assert found == pytest.approx(PATH_LOSS_DB[exponent], abs=0.75)  # the table is in whole decibels


@pytest.mark.parametrize(("margin_db", "ieee", "ble"), PER, ids=lambda value: str(value))
def test_a_frame_of_each_length_is_lost_as_often_as_the_table_says(
    margin_db: int, ieee: tuple[float, ...], ble: tuple[float, ...]
) -> None:
    for modulation, lengths, figures in ((IEEE_802_15_4, (20, 41, 126), ieee), (BLE_1M, (26, 72, 261), ble)):
        for octets, figure in zip(lengths, figures, strict=True):
            found = packet_error_rate(modulation, margin_db, octets)
            assert found == pytest.approx(figure, rel=0.1, abs=0.0003), octets  # the table has one or two digits


def test_a_short_check_in_succeeds_where_a_long_part_fails() -> None:
    assert packet_error_rate(IEEE_802_15_4, -1, 20) < 0.1 < 0.4 < packet_error_rate(IEEE_802_15_4, -1, 126)
    assert packet_error_rate(IEEE_802_15_4, 40, 126) == 0.0
    assert packet_error_rate(IEEE_802_15_4, -40, 20) == 1.0


def test_a_tags_shadow_never_changes_and_spreads_by_six_decibels_over_a_shop() -> None:
    propagation = Propagation()

    def shadow(tag: int, bridge: int) -> float:
        return propagation.shadow_db(draws(1, f"t{tag}", "shadow"), draws(1, f"t{tag}/b{bridge}", "shadow"))

    first = [shadow(tag, 1) for tag in range(2000)]
    assert first == [shadow(tag, 1) for tag in range(2000)]
    assert stdev(first) == pytest.approx(6.0, rel=0.05)  # 5.2: sigma 6 dB fixed per tag
    assert fmean(first) == pytest.approx(0.0, abs=0.4)
    second = [shadow(tag, 2) for tag in range(2000)]
    product = fmean(a * b for a, b in zip(first, second, strict=True)) / 36
    assert product == pytest.approx(0.5, abs=0.08)  # half of it is the tag's own, with every bridge


def test_the_tag_is_the_weaker_voice() -> None:
    # 5.2 and 10: bridge +8 dBm, tag 0 dBm, antenna beside a cell -5 dBi.
    assert Budget().received_dbm(70, Way.DOWN) == -67
    assert Budget().received_dbm(70, Way.UP) == -75


def test_the_stronger_of_two_frames_survives_by_its_margin_and_only_in_time() -> None:
    # 5.2: capture 3 dB for 802.15.4, 8 dB for BLE.
    assert survives(IEEE_802_15_4, -60, -63, in_time=True)
    assert not survives(IEEE_802_15_4, -60, -63, in_time=False)
    assert not survives(IEEE_802_15_4, -60, -62, in_time=True)
    assert not survives(BLE_1M, -60, -67, in_time=True)
    assert survives(BLE_1M, -60, -68, in_time=True)
