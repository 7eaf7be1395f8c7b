"""The types of OpenEPaperLink's tags, as data: glass, inks, how a picture is turned, what a tag takes.

In: TOML files, one a type. Out: `TagType`s by hardware type, and the `Panel` of each. Rule: only what our own planes
can show is a type here: one or two planes of white, black, red and yellow.
Source: OpenEPaperLink, resources/tagtypes at cdd1cfa9 (2026-08-19).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from math import log
from types import MappingProxyType

import msgspec
from msgspec import Struct

from firmware_protocol.panels import PANELS, Colours, Panel

_INKS = {"WK": Colours.BW, "WKR": Colours.BWR, "WKY": Colours.BWY, "WKRY": Colours.BWRY}
# Clockwise degrees by which the upright picture is turned to become the buffer, by `rotate_buffer`: 1 puts the
# picture's right edge on top, 3 its left edge (facts: rotatebuffer).
_ROTATIONS = (0, 270, 180, 90)


class TagTypeInvalid(ValueError):
    """A file that is no tag type. `str()` names the file, the key and what is wanted."""


class TagType(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """`width_px`, `height_px`: as a person sees it. `colours`: in the order of their index. `zlib_from`: the software
    version from which the tag unpacks zlib; None = never. `octets_max`: of a picture as it is sent; None = untold.
    `pads_blocks`: a picture of just so many whole blocks is confirmed and never shown, so that it needs an octet more.
    """

    hw_type: int
    name: str
    width_px: int
    height_px: int
    rotate_buffer: int
    colours: str
    zlib_from: int | None = None
    octets_max: int | None = None
    pads_blocks: bool = False

    @property
    def buffer_px(self) -> tuple[int, int]:
        """Width and height of the buffer that is sent."""
        turned = self.rotate_buffer % 2 == 1
        return (self.height_px, self.width_px) if turned else (self.width_px, self.height_px)

    @cached_property
    def panel(self) -> Panel:
        """Its buffer as a glass of ours. How long a refresh takes is that of our nearest glass with these inks."""
        width, height = self.buffer_px
        colours = _INKS[self.colours]
        alike = [one for one in PANELS.values() if one.colours is (Colours.BWR if colours is Colours.BWY else colours)]
        nearest = min(alike, key=lambda one: abs(log(one.width_px * one.height_px / (width * height))))
        rotation = _ROTATIONS[self.rotate_buffer]
        name = f"oepl-{self.hw_type:02x}"
        return Panel(name, width, height, rotation, colours, nearest.refresh_s, nearest.refresh_mj)


def read_tag_type(text: str, where: str) -> TagType:
    """Of a TOML file. Raises `TagTypeInvalid`."""
    try:
        found = msgspec.convert(tomllib.loads(text), TagType)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TagTypeInvalid(f"{where}: {error}") from None
    for key, is_right, wanted in (
        ("hw_type", 0 <= found.hw_type <= 0xFF, "0 to 255"),
        ("width_px", 0 < found.width_px <= 2048, "1 to 2048"),
        ("height_px", 0 < found.height_px <= 2048, "1 to 2048"),
        ("rotate_buffer", 0 <= found.rotate_buffer <= 3, "0 to 3"),
        ("colours", found.colours in _INKS, f"one of {', '.join(_INKS)}"),
        ("zlib_from", found.zlib_from is None or 0 < found.zlib_from <= 0xFFFF, "1 to 65535"),
        ("octets_max", found.octets_max is None or found.octets_max > 0, "above 0"),
    ):
        if not is_right:
            raise TagTypeInvalid(f"{where}: {key} is {getattr(found, key)!r}, and {wanted} is wanted")
    if found.buffer_px[0] % 8:
        raise TagTypeInvalid(f"{where}: the buffer is {found.buffer_px[0]} px wide, and whole octets are wanted")
    return found


def _shipped() -> Mapping[int, TagType]:
    folder = files("firmware_protocol.openepaperlink") / "tag_types"
    types: dict[int, TagType] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            kind = read_tag_type(file.read_text(encoding="utf-8"), file.name)
            if kind.hw_type in types:
                raise TagTypeInvalid(f"{file.name}: hw_type is {kind.hw_type}, and another file has it")
            types[kind.hw_type] = kind
    return MappingProxyType(types)


TAG_TYPES: Mapping[int, TagType] = _shipped()
