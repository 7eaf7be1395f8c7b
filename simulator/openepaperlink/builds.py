"""The builds of radio modules that are about, by what a host sees of them.

Rule: a fault of a build is a field like any other, so that a test can order it. Source: facts of OpenEPaperLink, table
of firmware.
"""

from __future__ import annotations

from msgspec import Struct


class ModuleBuild(Struct, frozen=True, kw_only=True):
    """What differs between the builds that are about, their faults among it."""

    type: str = "C6"
    version: str = "001F"
    slots: int = 250
    boot_channel: int = 25
    sub_ghz: bool = True  # its code is in the build: SCP takes four octets, and NFO? says so
    ends_words: bool = False  # each word to the host with a line feed behind it
    knows_fast: bool = True  # HSPD
    reset_works: bool = False  # RSET restarts it, else it is acknowledged and nothing happens
    slots_lost_from: int | None = None  # slots are counted in 8 bits with a sign: 128
    deaf_after: int | None = None  # frames heard since it has started


C6 = ModuleBuild()
C6_WITHOUT_SUB_GHZ = ModuleBuild(sub_ghz=False)
C6_OF_2024 = ModuleBuild(slots_lost_from=128)  # as distributed
C6_DEAF = ModuleBuild(version="001E", deaf_after=20)
TAG_AS_MODULE = ModuleBuild(
    type="00",
    version="0019",
    slots=50,
    boot_channel=11,
    sub_ghz=False,
    ends_words=True,
    knows_fast=False,
    reset_works=True,
)
