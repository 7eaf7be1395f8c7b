"""Labels on the glasses of OpenEPaperLink's tags: the largest design that fits, in the middle."""

from decimal import Decimal

import pytest

from firmware_protocol.openepaperlink.tag_type import TAG_TYPES, TagType
from gateway.labels import LabelProduct, LabelRequest, has_a_design, reference, render
from gateway.labels.layout import design_of

DRAWN = [kind for kind in TAG_TYPES.values() if has_a_design(kind.panel)]


def label(kind: TagType, template: str = "shelf") -> LabelRequest:
    product = LabelProduct(barcode="3850000000015", name="Mlijeko svježe 2,8 % m.m. 1 l", price=Decimal("1.29"))
    return LabelRequest(
        panel=kind.panel.name, template=template, currency="EUR", locale="hr-HR", products=(product,), tag_code="0" * 16
    )


@pytest.mark.parametrize("kind", DRAWN, ids=lambda kind: kind.panel.name)
def test_a_label_on_each_type_is_whole_and_equals_the_reference(kind: TagType) -> None:
    drawn = render(label(kind))
    assert drawn.fallback is None
    assert tuple(map(len, drawn.planes)) == kind.panel.plane_sizes
    assert drawn.planes == reference.render(label(kind)).planes


def test_the_largest_design_that_fits_stands_in_the_middle() -> None:
    for hw_type, words in (
        (0x33, ("2.9", 44, 20)),
        (0x36, ("7.5", 0, 0)),
        (0x35, ("4.2", 100, 74)),
        (0x11, ("2.9", 0, 0)),
    ):
        design = design_of(TAG_TYPES[hw_type].panel)
        assert (design.inches, design.x, design.y) == words


def test_a_glass_that_is_too_small_for_every_design_is_told_apart() -> None:
    assert not has_a_design(TAG_TYPES[0x00].panel)  # 152 x 152
    assert len(DRAWN) >= 50
