"""A fleet on real carriers in a thread of this process, so that a test sees every change of every glass as it happens.

In: a data folder. Out: per display, the contents its glass has shown and the revisions it has held, in order, none left
out. Rule: it is what `esl simulate` runs; this only looks, at the end of each turn of the fleet.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from acceptance_sizes import wait_for

from firmware_protocol import ReportState, display_id
from firmware_protocol.content import content_id
from simulator.chance import new_incarnation
from simulator.cli.admin_api import GatewayPlace
from simulator.cli.running import Carrier, RunningFleet, Setting
from simulator.fleet import FleetPlan

STARTS_WITHIN_S = 120


@dataclass
class GlassStory:
    """`contents`: what the glass showed, one after the other. `revisions`: of what the tag reported as shown."""

    panel: str
    contents: list[bytes] = field(default_factory=list)
    revisions: list[int] = field(default_factory=list)


class WatchedFleet:
    def __init__(self, data: Path, store: str, plan: FleetPlan, carrier: Carrier) -> None:
        place = GatewayPlace.find(data, None)
        folder = data.absolute() / "serial"
        self._setting = Setting(plan=plan, store=store, place=place, carrier=carrier, serial_folder=folder)
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="fleet")
        self.failed: BaseException | None = None
        self.stories: dict[str, GlassStory] = {}

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            self.running = RunningFleet(self._setting)
            self.running.fleet.scheduler.at_end_of_turn(self._look)
            await self.running.start()
            self._started.set()
            await self._stopping.wait()
            await self.running.stop()
        except BaseException as error:
            self.failed = error
            raise

    def _look(self) -> None:
        fleet = self.running.fleet
        changed = fleet.around.changed
        while changed:
            tag = fleet.tags[changed.popitem()[0]]
            for index, glass in enumerate(tag.glasses):
                story = self.stories.setdefault(display_id(tag.tag_id, index), GlassStory(glass.panel.name))
                shows = content_id(glass.panel, glass.planes)
                if story.contents[-1:] != [shows]:
                    story.contents.append(shows)
                held = tag.hold(index)
                if held.state is ReportState.SHOWN and story.revisions[-1:] != [held.revision]:
                    story.revisions.append(held.revision)

    def start(self) -> None:
        self._thread.start()
        wait_for(lambda: self._started.is_set() or self.failed, STARTS_WITHIN_S, "the fleet runs")
        assert self.failed is None, self.failed

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STARTS_WITHIN_S)
        assert self.failed is None, self.failed


@contextmanager
def watched_fleet(
    data: Path, store: str, *, carrier: Carrier, tags: int, bridges: int, speed: int
) -> Iterator[WatchedFleet]:
    plan = FleetPlan(tags=tags, bridges=bridges, speed=speed, incarnation=new_incarnation())
    one = WatchedFleet(data, store, plan, carrier)
    one.start()
    try:
        yield one
    finally:
        one.stop()
