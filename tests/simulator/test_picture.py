"""The glass as a person sees it."""

import io

import pytest
from PIL import Image

from firmware_protocol import PANELS
from simulator.panel import white
from simulator.picture import image, png


def test_a_native_picture_is_turned_upright() -> None:
    panel = PANELS["2.13-bw"]  # scanned 122 wide, seen 250 wide; turned 90 degrees clockwise to get there
    plane = bytearray(b"\xff" * panel.plane_octets)
    plane[panel.row_octets * 0 + 121 // 8] &= ~(0x80 >> 121 % 8) & 0xFF  # native top right = the label's top left
    seen = image((bytes(plane),), panel).convert("RGB")
    assert seen.size == (250, 122)
    assert seen.getpixel((0, 0)) == (0, 0, 0)
    assert seen.getpixel((1, 0)) == seen.getpixel((0, 1)) == (255, 255, 255)


def test_every_ink_has_its_colour() -> None:
    panel = PANELS["4.2-bwry"]
    planes = [bytearray(plane) for plane in white(panel)]
    planes[0][0] = 0x7F
    planes[1][0] = 0x40
    planes[2][0] = 0x20
    seen = image([bytes(plane) for plane in planes], panel).convert("RGB")
    assert [seen.getpixel((x, 0)) for x in range(4)] == [(0, 0, 0), (200, 16, 32), (240, 190, 0), (255, 255, 255)]


@pytest.mark.parametrize("name", list(PANELS))
def test_the_png_of_a_new_glass_is_white_and_of_the_labels_size(name: str) -> None:
    panel = PANELS[name]
    seen = Image.open(io.BytesIO(png(white(panel), panel)))
    assert seen.size == panel.label_px
    assert seen.convert("RGB").getcolors() == [(panel.width_px * panel.height_px, (255, 255, 255))]


def test_planes_of_another_panel_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2\.9-bwr"):
        png(white(PANELS["2.9-bw"]), PANELS["2.9-bwr"])
