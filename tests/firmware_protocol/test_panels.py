import pickle

import pytest

from firmware_protocol import PANELS, Colours, Panel
from firmware_protocol.encoding import ENCODED_OCTETS_MAX
from firmware_protocol.report import REFRESH_HALF_S_MAX

EVERY_PANEL = pytest.mark.parametrize("panel", PANELS.values(), ids=lambda panel: panel.name)


def test_the_catalogue_has_four_sizes_in_three_colours() -> None:
    sizes, colours = ("2.13", "2.9", "4.2", "7.5"), ("bw", "bwr", "bwry")
    assert list(PANELS) == [f"{size}-{colour}" for size in sizes for colour in colours]
    assert all(panel.name == name for name, panel in PANELS.items())


@pytest.mark.parametrize(
    ("name", "native", "rotation", "label", "row", "plane"),
    [
        ("2.13-bw", (122, 250), 90, (250, 122), 16, 4000),
        ("2.9-bwr", (128, 296), 90, (296, 128), 16, 4736),
        ("4.2-bwry", (400, 300), 0, (400, 300), 50, 15000),
        ("7.5-bw", (800, 480), 0, (800, 480), 100, 48000),
    ],
)
def test_a_panel_is_what_its_controller_takes(
    name: str, native: tuple[int, int], rotation: int, label: tuple[int, int], row: int, plane: int
) -> None:
    panel = PANELS[name]
    assert (panel.width_px, panel.height_px, panel.rotation) == (*native, rotation)
    assert panel.label_px == label
    assert (panel.row_octets, panel.plane_octets) == (row, plane)
    assert panel.plane_sizes == (plane,) * panel.colours.plane_count


def test_colours_are_numbered_as_display_types_and_know_their_planes() -> None:
    assert [(int(colours), colours.plane_count) for colours in Colours] == [(1, 1), (6, 2), (7, 2), (8, 3)]


@EVERY_PANEL
def test_a_refresh_in_the_cold_is_inside_the_band_and_the_band_fits_a_report(panel: Panel) -> None:
    shortest, longest = panel.refresh_band_s
    assert 0.01 < shortest < panel.refresh_s < 3 * panel.refresh_s < longest
    assert longest * 2 <= REFRESH_HALF_S_MAX
    assert panel.refresh_mj > 0


@EVERY_PANEL
def test_every_raw_picture_fits_what_a_manifest_can_offer(panel: Panel) -> None:
    assert sum(panel.plane_sizes) <= ENCODED_OCTETS_MAX


@EVERY_PANEL
def test_a_panel_travels_to_a_worker_process_and_is_the_same_there(panel: Panel) -> None:
    assert pickle.loads(pickle.dumps(panel)) == panel
    assert len({panel, PANELS[panel.name]}) == 1
