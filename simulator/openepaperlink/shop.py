"""A shop of OpenEPaperLink tags around one radio module, all of it from a seed.

Rule: types go round in the order of their numbers, so that a small shop has many kinds; what a tag is does not hang on
how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware_protocol.identity import TagId
from firmware_protocol.openepaperlink.tag_type import TAG_TYPES, TagType
from simulator.chance import Draws, key_of, seeded_octets
from simulator.openepaperlink.builds import C6, ModuleBuild
from simulator.openepaperlink.families import EFR32, NRF, OWN_INTERVAL_S, ZBS, Family
from simulator.openepaperlink.module import VirtualModule
from simulator.openepaperlink.tag import OeplTag

_OUI = bytes.fromhex("00000219")  # so begin the addresses of the commonest tags
_FIRST_S = 5.0  # all have scanned by then: who scans while the module sends finds nobody, and is alone for an hour
_CLOCK_SPREAD = 0.01  # of their seconds, either way
WITHIN_REACH = tuple(kind for kind in TAG_TYPES.values() if not kind.name.startswith("Chroma"))  # those are sub-GHz


def make_shop(
    count: int,
    seed: int,
    *,
    loss: float = 0.0,
    build: ModuleBuild = C6,
    tag_types: Sequence[TagType] = WITHIN_REACH,
) -> tuple[VirtualModule, list[OeplTag]]:
    """`loss`: of each frame on the air, either way."""
    tags = [_tag(tag_types[place % len(tag_types)], place, seed, loss) for place in range(count)]
    module_mac = TagId(_OUI + seeded_octets(seed, "openepaperlink/module", 4))
    return VirtualModule(build, module_mac), tags


def _tag(tag_type: TagType, place: int, seed: int, loss: float) -> OeplTag:
    name = f"openepaperlink/tags/{place}"
    tag_id = TagId(_OUI + seeded_octets(seed, name, 2) + place.to_bytes(2))
    draws = Draws(key_of(seed, name), 0)
    return OeplTag(
        tag_id,
        tag_type,
        family_of(tag_type),
        seed=seed,
        loss=loss,
        dbm=-45 - draws.randrange(40),
        battery_mv=2600 + draws.randrange(500),
        temperature_c=18 + draws.randrange(7),
        first_check_in_s=_FIRST_S + OWN_INTERVAL_S * draws.random(),
        clock_rate=1 + _CLOCK_SPREAD * (2 * draws.random() - 1),
    )


def family_of(tag_type: TagType) -> Family:
    """Whose firmware such a tag runs, as a shop has it: the catalogue does not tell, and both others are sold as M3."""
    if tag_type.name.startswith(("M2", "ST-")):
        return ZBS
    return EFR32 if "BWRY" in tag_type.name else NRF
