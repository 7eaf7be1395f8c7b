"""What outlives a fleet's process: each tag's flash, glass and cell; and, for those who look, a picture of every glass.

In and out: a folder. `--state`: `<TagId>.json`, one a tag, each written whole or not at all. `--dump`:
`<display id>.png` and `fleet.json`. Rule: a tag's file never lags behind what the tag has said on the air, or its
counters would repeat; so changes are saved at the end of each turn, before anything leaves that was said in it.
"""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TypedDict
from zlib import compress, decompress

from firmware_protocol import TagId, display_id
from firmware_protocol.content import content_id
from firmware_protocol.tag import TagJson, TagMachine
from simulator.fleet import Fleet
from simulator.panel import Glass
from simulator.picture import png
from simulator.tag import VirtualTag

STATE_FORMAT = 1


class StateUnreadable(ValueError):
    """A file of the state folder is not ours, or of another fleet. `str()` names it."""


class GlassJson(TypedDict):
    panel: str
    planes: str
    refreshes: int


class TagStateJson(TypedDict):
    format: int
    used_uc: float
    glasses: list[GlassJson]
    flash: TagJson


class FleetState:
    """A fleet and its folder. `load` first; from then on every change is saved in its own turn."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        """Makes the folder. Raises `OSError`."""
        self._fleet, self._folder = fleet, folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self) -> int:
        """Give every tag that has a file its memory back. How many had one. Raises `StateUnreadable`."""
        known = 0
        for tag in self._fleet.tags.values():
            path = self._path(tag.tag_id)
            if path.exists():
                _restore(tag, path)
                known += 1
        self._fleet.scheduler.at_end_of_turn(self.save_changed)
        return known

    def save_changed(self) -> None:
        """Write every tag whose flash or glass has changed since it was written last."""
        changed = self._fleet.around.changed
        while changed:
            self._save(self._fleet.tags[changed.popitem()[0]])

    def save_all(self) -> None:
        """At the end: the cells too, which change without a record."""
        for tag in self._fleet.tags.values():
            self._save(tag)

    def _save(self, tag: VirtualTag) -> None:
        if tag.alive:
            tag.bring_up_to_date()
        state: TagStateJson = {
            "format": STATE_FORMAT,
            "used_uc": tag.battery.used_uc,
            "glasses": [_glass_to_json(glass) for glass in tag.glasses],
            "flash": tag.machine.to_json(),
        }
        write_whole(self._path(tag.tag_id), json.dumps(state, separators=(",", ":")).encode())

    def _path(self, tag_id: TagId) -> Path:
        return self._folder / f"{tag_id}.json"


def _restore(tag: VirtualTag, path: Path) -> None:
    try:
        state: TagStateJson = json.loads(path.read_bytes())
        if state["format"] != STATE_FORMAT or [kept["panel"] for kept in state["glasses"]] != [
            panel.name for panel in tag.panels
        ]:
            raise StateUnreadable(f"{path} is of another fleet: its panels are not those of this seed and mix")
        for glass, kept in zip(tag.glasses, state["glasses"], strict=True):
            planes = decompress(b64decode(kept["planes"]))
            size = glass.panel.plane_octets
            glass.planes = tuple(planes[start : start + size] for start in range(0, len(planes), size))
            glass.refreshes = kept["refreshes"]
        tag.battery.used_uc = state["used_uc"]
        tag.remember(TagMachine.from_json(tag.tag_id, tag.code, state["flash"], tag.draw))
    except StateUnreadable:
        raise
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise StateUnreadable(f"{path} cannot be read as a tag's state: {error}") from error


def _glass_to_json(glass: Glass) -> GlassJson:
    planes = b64encode(compress(b"".join(glass.planes), 1)).decode()
    return {"panel": glass.panel.name, "planes": planes, "refreshes": glass.refreshes}


def write_whole(path: Path, octets: bytes) -> None:
    """The old file or the new one, whatever happens; not more durable than the folder it stands in."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(octets)
    fresh.replace(path)


def dump(fleet: Fleet, folder: Path) -> int:
    """A picture of each glass and `fleet.json`. How many pictures. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = 0
    for tag in fleet.tags.values():
        for index, glass in enumerate(tag.glasses):
            write_whole(folder / f"{display_id(tag.tag_id, index)}.png", png(glass.planes, glass.panel))
            pictures += 1
    write_whole(folder / "fleet.json", json.dumps(describe(fleet), indent=1).encode())
    return pictures


def describe(fleet: Fleet) -> dict[str, object]:
    """Every tag as a bystander with an X-ray would see it."""
    return {
        "seed": fleet.plan.seed,
        "linkCounts": fleet.link_counts(),
        "faults": {str(kind): count for kind, count in fleet.counts.items()},
        "tags": [_tag_to_json(tag) for tag in fleet.tags.values()],
    }


def _tag_to_json(tag: VirtualTag) -> dict[str, object]:
    if tag.alive:
        tag.bring_up_to_date()
    return {
        "tagId": str(tag.tag_id),
        "alive": tag.alive,
        "batteryMv": tag.battery.millivolts(),
        "memoryRecords": tag.machine.memory.records,
        "displays": [_display_to_json(tag, index) for index in range(len(tag.glasses))],
    }


def _display_to_json(tag: VirtualTag, index: int) -> dict[str, object]:
    """`contentId` names what the glass shows; `revision`, `state`, `refreshCounter` are what the tag says."""
    glass, held = tag.glasses[index], tag.hold(index)
    return {
        "display": display_id(tag.tag_id, index),
        "panel": glass.panel.name,
        "revision": held.revision,
        "contentId": content_id(glass.panel, glass.planes).hex(),
        "refreshCounter": held.refresh_counter,
        "state": held.state.name.lower(),
    }
