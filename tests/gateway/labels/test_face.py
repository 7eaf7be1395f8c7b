"""The folder's public face, and what worker processes need of it."""

import io
import pickle
from collections.abc import Callable

import pytest
from PIL import Image

import gateway.labels
from firmware_protocol import PANELS
from gateway.labels import LabelProduct, LabelRequest, preview_png, render, render_many


def test_the_face_is_what_others_were_promised() -> None:
    assert sorted(gateway.labels.__all__) == [
        "Drawn", "Fallback", "LabelProduct", "LabelRequest", "engine_words", "has_a_design", "preview_png", "render",
        "render_many", "template_names", "template_release",
    ]  # fmt: skip


def test_requests_and_answers_travel_to_worker_processes_and_back(
    product: Callable[..., LabelProduct], label: Callable[..., LabelRequest]
) -> None:
    requests = [label(panel, product(offer=True)) for panel in PANELS]
    assert pickle.loads(pickle.dumps(render_many))(pickle.loads(pickle.dumps(requests))) == render_many(requests)
    answers = render_many(requests)
    assert pickle.loads(pickle.dumps(answers)) == answers == [render(request) for request in requests]


@pytest.mark.parametrize("panel", sorted(PANELS))
def test_a_preview_is_upright_at_the_size_asked_for_and_in_the_inks_of_the_glass(
    panel: str, product: Callable[..., LabelProduct], label: Callable[..., LabelRequest]
) -> None:
    planes = render(label(panel, product(offer=True))).planes
    with Image.open(io.BytesIO(preview_png(panel, planes, scale=2))) as picture:
        width, height = PANELS[panel].label_px
        assert picture.size == (2 * width, 2 * height)
        colours = {colour for _, colour in picture.convert("RGB").getcolors() or []}
    inks = {"bw": {(5, 5, 5)}, "bwr": {(5, 5, 5), (120, 15, 5)}, "bwry": {(5, 5, 5), (120, 15, 5), (200, 180, 0)}}
    assert colours == {(200, 200, 200)} | inks[panel.partition("-")[2]]


def test_planes_of_another_panel_have_no_preview() -> None:
    with pytest.raises(ValueError, match=r"is not one of 2\.9-bw"):
        preview_png("2.9-bw", (bytes(10),))
