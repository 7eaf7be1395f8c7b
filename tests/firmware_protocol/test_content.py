import hashlib

import pytest

from firmware_protocol import PANELS, Colours, Panel, content_id


def test_a_content_id_is_the_hash_of_geometry_and_planes() -> None:
    panel = PANELS["2.9-bwr"]
    black, red = b"\xff" * 4736, b"\x01" * 4736
    geometry = bytes((128, 0, 296 % 256, 296 // 256, 6))
    assert content_id(panel, (black, red)) == hashlib.sha256(geometry + black + red).digest()[:16]


def test_the_same_pixels_on_another_glass_are_another_content() -> None:
    plane = bytes(4000)
    tall, wide = (Panel("x", *size, 0, Colours.BW, 2.0, 40.0) for size in ((128, 250), (250, 125)))
    assert tall.plane_octets == wide.plane_octets == len(plane)
    assert content_id(tall, (plane,)) != content_id(wide, (plane,))


@pytest.mark.parametrize("planes", [(), (bytes(4736),), (bytes(4736), bytes(4735)), (bytes(4736),) * 3])
def test_planes_of_another_panel_are_our_own_mistake(planes: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"2\.9-bwr"):
        content_id(PANELS["2.9-bwr"], planes)
