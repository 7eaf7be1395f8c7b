"""The fast painter and the plain one draw the same pixels, whatever the product."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol import PANELS, content_id
from gateway.labels import LabelProduct, LabelRequest, reference, render, template_names

NAMES = st.one_of(
    st.text(
        st.sampled_from(
            "AÁČĆDĐEFGHIJKLŁMNOÓPRSŠTUVZŽaáčćdđeęfghijkłlmnoópqrsšťuúvwyzžß ÆæØøÅå0123456789-/.,'’%&()½² ŤÝЖщΩπ"
        ),
        max_size=70,
    ),
    st.text(max_size=20),
    st.sampled_from(
        ["", "Ấ Ǻ Ấ", "J", "Kruh", "x" * 90, "漢字", "שלום", "a\u0301\u0302", "  soft\u00adhyphen\tkg 500 g "]
    ),
)
AMOUNTS = st.one_of(
    st.none(),
    st.decimals(0, 99, places=2),
    st.decimals(0, 9_999_999, places=2),
    st.decimals(-1, 10, places=3),
    st.sampled_from([Decimal("0"), Decimal("1E+3"), Decimal("1.9900"), Decimal("NaN"), Decimal("Infinity")]),
)
TEXTS = st.one_of(st.none(), NAMES)
CODES = st.one_of(
    st.sampled_from(["", "3850334043641", "40123455", "036000291452", "1234567890123", "A-4711", "x" * 64]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)
PRODUCTS = st.builds(
    LabelProduct,
    barcode=CODES,
    name=NAMES,
    price=AMOUNTS,
    old_price=AMOUNTS,
    on_offer=st.booleans(),
    valid_until=st.one_of(st.none(), st.dates(date(1999, 1, 1), date(2999, 1, 1))),
    unit_price=AMOUNTS,
    unit=st.sampled_from([None, "ko", "kg", "100 g", "l", "?"]),
    pack_size=st.sampled_from([None, "0.30 kg", "1.00 ko", "500 ml", "6x1,5 l", "漢"]),
    lowest_price_30_days=AMOUNTS,
    deposit=AMOUNTS,
    origin=TEXTS,
    brand=TEXTS,
    variety=TEXTS,
    zero_price=st.sampled_from([False] * 9 + [True]),
)
MONEY = st.sampled_from(
    [("hr-HR", "EUR"), ("en-GB", "GBP"), ("de-CH", "CHF"), ("hu-HU", "HUF"), ("ja-JP", "JPY"), ("ar-KW", "KWD"),
     ("sr-RS", "RSD"), ("fr-FR", "EUR"), ("bg-BG", "BGN"), ("xx", "EUR"), ("en", "XXQ"), ("hi-IN", "INR")]
)  # fmt: skip
REQUESTS = st.builds(
    lambda panel, template, money, products: LabelRequest(
        panel, template, money[1], money[0], tuple(products), "00124B0001A2B3C4"
    ),
    st.sampled_from(sorted(PANELS)),
    st.sampled_from(["shelf"] * 8 + template_names() + ["no such template"]),
    MONEY,
    st.one_of(st.lists(PRODUCTS, min_size=1, max_size=1), st.lists(PRODUCTS, max_size=7)),
)


@given(REQUESTS)
@settings(max_examples=150, deadline=None)
def test_the_fast_path_draws_what_plain_pillow_draws(request: LabelRequest) -> None:
    assert render(request) == reference.render(request)


@given(REQUESTS)
@settings(max_examples=150, deadline=None)
def test_every_request_gives_planes_of_its_panel_with_one_ink_a_pixel_and_white_pads(request: LabelRequest) -> None:
    drawn = render(request)
    panel = PANELS[request.panel]
    assert drawn.content_id == content_id(panel, drawn.planes)
    rows = [
        np.unpackbits(np.frombuffer(plane, np.uint8)).reshape(panel.height_px, panel.row_octets * 8)
        for plane in drawn.planes
    ]
    used = [1 - rows[0], *rows[1:]]
    assert np.sum(used, axis=0).max() <= 1
    assert all(not ink[:, panel.width_px :].any() for ink in used)


@pytest.mark.parametrize("name", sorted(PANELS))
def test_a_label_is_turned_as_its_panel_scans(
    name: str, product: Callable[..., LabelProduct], label: Callable[..., LabelRequest]
) -> None:
    """The band of an offer lies at the top of the upright label: for a panel turned by 90 degrees, at its right."""
    panel = PANELS[name]
    planes = render(label(name, product(offer=True))).planes
    plane = {1: 0, 2: 1, 3: 2}[len(planes)]
    rows = np.unpackbits(np.frombuffer(planes[plane], np.uint8)).reshape(panel.height_px, panel.row_octets * 8)
    ink = rows[:, : panel.width_px] == (0 if plane == 0 else 1)
    edge = ink[0, :] if panel.rotation == 0 else ink[:, panel.width_px - 1]
    assert edge.all()
