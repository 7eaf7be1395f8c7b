import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import Action, Codec, FieldError, Manifest, encode
from firmware_protocol.encoding import ENCODED_OCTETS_MAX


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    action = draw(st.sampled_from(Action))
    return Manifest(
        display=draw(st.integers(0, 31)),
        action=action,
        codec=draw(st.sampled_from(Codec)),
        revision=draw(st.integers(0, 2**32 - 1)),
        content_id=draw(st.binary(min_size=16, max_size=16)),
        encoding_id=draw(st.binary(min_size=8, max_size=8)),
        base_prefix=draw(st.binary(min_size=8, max_size=8)),
        encoded_size=draw(st.integers(1, ENCODED_OCTETS_MAX)),
        t_ms=draw(st.integers(1, 2**32 - 1)) if action is Action.SHOW_AT_T else 0,
        root=draw(st.binary(min_size=16, max_size=16)),
    )


@given(manifests())
def test_a_manifest_is_sixty_four_octets_and_back(manifest: Manifest) -> None:
    octets = manifest.pack()
    assert len(octets) == 64
    assert Manifest.unpack(octets) == manifest


@given(st.binary(min_size=60, max_size=68))
def test_any_octets_are_a_manifest_or_a_field_error(octets: bytes) -> None:
    try:
        manifest = Manifest.unpack(octets)
    except FieldError:
        return
    assert manifest.pack() == octets


def test_a_manifest_that_shows_an_encoding_says_all_a_tag_needs() -> None:
    encoding = encode((b"\xff" * 4000,), Codec.DEFLATE)
    manifest = Manifest.showing(1, 7, b"c" * 16, encoding)
    assert (manifest.display, manifest.revision, manifest.action, manifest.t_ms) == (1, 7, Action.SHOW, 0)
    assert (manifest.codec, manifest.encoding_id, manifest.root) == (1, encoding.encoding_id, encoding.root)
    assert manifest.encoded_size == len(encoding.data)
    assert manifest.content_prefix == b"cccc"
    assert not manifest.builds_on_another


@pytest.mark.parametrize(
    ("place", "octets", "field"),
    [
        (0, b"\x20", "manifest.display"),
        (1, b"\x03", "manifest.action"),
        (2, b"\x03", "manifest.codec"),
        (3, b"\x01", "manifest.reserved"),
        (40, struct.pack("<I", 0), "manifest.encoded_size"),
        (40, struct.pack("<I", ENCODED_OCTETS_MAX + 1), "manifest.encoded_size"),
        (44, b"\x01\x00\x00\x00", "manifest.t_ms"),
    ],
)
def test_a_refusal_names_the_field_and_its_place(place: int, octets: bytes, field: str) -> None:
    good = Manifest.showing(0, 7, b"c" * 16, encode((b"\xff",), Codec.RAW)).pack()
    with pytest.raises(FieldError) as caught:
        Manifest.unpack(good[:place] + octets + good[place + len(octets) :])
    assert (caught.value.field, caught.value.offset) == (field, place)


def test_a_timed_manifest_without_a_time_is_refused() -> None:
    good = Manifest.showing(0, 7, b"c" * 16, encode((b"\xff",), Codec.RAW)).pack()
    with pytest.raises(FieldError, match="t_ms"):
        Manifest.unpack(good[:1] + bytes((Action.SHOW_AT_T,)) + good[2:])


def test_a_field_that_has_not_its_length_is_our_own_mistake() -> None:
    encoding = encode((b"\xff",), Codec.RAW)
    with pytest.raises(ValueError, match="root"):
        Manifest.showing(0, 7, b"short", encoding).pack()
