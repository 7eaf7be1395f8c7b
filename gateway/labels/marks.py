"""Marks: what a layout decides and a painter draws, in drawing order; a later mark covers an earlier one.

Rule: coordinates are whole pixels of the upright label, (0, 0) at its top left. A mark has one ink; nothing is grey.
"""

from enum import IntEnum
from typing import NamedTuple

from gateway.labels.fontbook import Face
from gateway.labels.qr import Matrix


class Ink(IntEnum):
    """BLACK, RED and YELLOW are the places of the planes; PAPER takes every ink away."""

    BLACK = 0
    RED = 1
    YELLOW = 2
    PAPER = 3


class Run(NamedTuple):
    """Letters of one face from the pen position (x, baseline y). `number`: not worth remembering as words."""

    face: Face
    text: str
    x: int
    y: int
    ink: Ink
    number: bool


class Fill(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    ink: Ink


class Strip(NamedTuple):
    """A linear code: patterns of modules side by side from x, in black."""

    x: int
    y: int
    height: int
    module_px: int
    patterns: tuple[str, ...]


class Mosaic(NamedTuple):
    """A two-dimensional code, in black."""

    x: int
    y: int
    module_px: int
    rows: Matrix


Mark = Run | Fill | Strip | Mosaic
