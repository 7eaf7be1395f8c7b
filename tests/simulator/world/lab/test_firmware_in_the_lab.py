"""Shops of strange firmwares and weak cells: every promise holds with each of them."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from simulator.firmware import FIRMWARES
from simulator.world.lab import TROUBLES, ScenarioWrong, load_scenario, run_seed

MORNING = load_scenario("bad-morning", kinds=frozenset(TROUBLES))
SMALL = replace(MORNING, tags=8, products=8, troubles=MORNING.troubles | {"pos.update": 10.0})


@pytest.mark.parametrize("name", FIRMWARES)
def test_a_bad_morning_of_one_firmware_breaks_no_promise(name: str) -> None:
    for seed in (1, 2):
        assert run_seed(replace(SMALL, firmware={name: 1.0}), seed).violations == ()


def test_a_bad_morning_of_all_of_them_at_once_breaks_no_promise() -> None:
    mixed = replace(MORNING, tags=12, firmware=dict.fromkeys(FIRMWARES, 0.16))
    assert [run_seed(mixed, seed).violations for seed in range(1, 5)] == [()] * 4


def test_a_tag_whose_cell_gives_way_at_each_refresh_is_served_when_it_has_another() -> None:
    """A loop of reboots; what it wears and says while it lasts breaks nothing either."""
    weak = replace(MORNING, tags=4, products=4, troubles={"tag.weak_cell": 8.0, "pos.update": 30.0})
    verdict = run_seed(weak, 1)
    assert verdict.violations == ()
    assert verdict.happened["tag.weak_cell"] >= 4
    calm = run_seed(replace(weak, troubles={"pos.update": 30.0}), 1)
    assert verdict.refreshes > 2 * calm.refreshes


def test_a_boot_loop_wears_the_flash_by_a_record_a_boot_and_by_no_more() -> None:
    """Each boot reserves counters anew before it says anything: 500 of them in this hour."""
    hour = load_scenario("worst-hour", kinds=frozenset(TROUBLES))
    assert run_seed(hour, 12).violations == ()


def test_a_scenario_names_firmwares_that_there_are(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for text, words in (
        ('"singing" = 0.1', "firmware.singing is not known here; there are small-windows"),
        ('"late" = 2.0', "firmware: late is 2.0"),
        ('"late" = "often"', "float is wanted"),
    ):
        file.write_text(f'name = "x"\nversion = 1\nabout = "y"\n[firmware]\n{text}')
        with pytest.raises(ScenarioWrong, match=words):
            load_scenario(str(file), kinds=frozenset(TROUBLES))
