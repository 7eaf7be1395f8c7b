"""Every glass that a display can have, by the name that stands in the tables.

In: a name. Out: its `Panel`. Rule: our own panels have names of their own, those of OpenEPaperLink's tags the name of
their type.
"""

import re

from firmware_protocol.openepaperlink.tag_type import TAG_TYPES
from firmware_protocol.panels import PANELS, Panel

_TYPE_OF_PANEL = {kind.panel.name: kind for kind in TAG_TYPES.values()}
_BY_NAME = {**PANELS, **{name: kind.panel for name, kind in _TYPE_OF_PANEL.items()}}
_INCHES = re.compile(r'(\d+(?:\.\d+)?)"')
_INCHES_UNTOLD = 2.9  # a type whose name does not tell: the commonest


def panel_named(name: str) -> Panel:
    """Raises `KeyError` for one that is not in the catalogues."""
    return _BY_NAME[name]


def all_panels() -> tuple[Panel, ...]:
    return tuple(_BY_NAME.values())


def inches_of(name: str) -> float:
    """Across, as its maker calls it. Raises `KeyError`."""
    if name in PANELS:
        return float(name.partition("-")[0])
    words = _TYPE_OF_PANEL[name].name.replace(",", ".")
    found = _INCHES.search(words)
    return float(found.group(1)) if found is not None else _INCHES_UNTOLD
