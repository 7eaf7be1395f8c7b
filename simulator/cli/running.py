"""A fleet in a process of its own: its carriers, its faults, its folder, and what it says of itself.

In: a plan and where the gateway is. Out: a shop that lives until it is told to stop. Rule: nothing here knows what a
message means; it plugs things together and takes them apart again in the right order.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from simulator import limits
from simulator.chance import generator
from simulator.cli.admin_api import AdminApi, GatewayPlace
from simulator.clock import SystemClock
from simulator.fleet import Fleet, FleetPlan
from simulator.fleet_state import FleetState, dump
from simulator.mischief import Mischief, MischiefRates
from simulator.mqtt_carrier import BrokerEnd, MqttBridgeCarrier
from simulator.schedule import Scheduler
from simulator.serial_carrier import SerialBridgeCarrier

Carrier = Literal["mqtt", "serial"]


class Setting(Struct, frozen=True):
    """What `esl simulate` was asked for."""

    plan: FleetPlan
    store: str
    place: GatewayPlace
    carrier: Carrier = "mqtt"
    serial_folder: Path | None = None
    state: Path | None = None
    dump: Path | None = None
    dead: int = 0
    mischief: MischiefRates = field(default_factory=MischiefRates)


class RunningFleet:
    """`start`, then whatever is wished, then `stop`."""

    def __init__(self, setting: Setting) -> None:
        """On the running loop. Raises `OSError`, `StateUnreadable`."""
        self.setting = setting
        self.fleet = Fleet(setting.plan, Scheduler(SystemClock(), slack_s=limits.TURN_SLACK_S))
        self._state = FleetState(self.fleet, setting.state) if setting.state is not None else None
        self.remembered = self._state.load() if self._state is not None else 0
        self._mqtt: dict[str, MqttBridgeCarrier] = {}
        self._serial: dict[str, SerialBridgeCarrier] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Register everything, then switch it on. Raises `GatewayRefuses`."""
        async with AdminApi(self.setting.place) as api:
            await api.register_box_list(self.setting.store, self.fleet.box_list())
            for name in self.fleet.bridges:
                if self.setting.carrier == "mqtt":
                    self._plug_mqtt(name, await api.register_mqtt_bridge(self.setting.store, name))
                else:
                    self._plug_serial(name)
                    await api.register_serial_bridge(self.setting.store, name, self._serial[name].link_path)
        self.fleet.switch_on()
        if self.setting.dead:
            self.fleet.kill_tags(self.setting.dead)
        Mischief(self.fleet, self.setting.mischief, self.unplug, self.replug)

    def _plug_mqtt(self, name: str, end: BrokerEnd) -> None:
        chance = generator(self.setting.plan.seed, f"mqtt/{name}/{self.setting.plan.incarnation}")
        place, fleet = self.setting.place, self.fleet
        bridge, paths = fleet.bridges[name], fleet.paths[name]
        where = _asks(place, end)
        carrier = MqttBridgeCarrier(self.setting.store, bridge, paths, fleet.scheduler, chance, where)
        self._mqtt[name] = carrier
        self._tasks.append(asyncio.create_task(carrier.serve(), name=f"bridge-{name}"))

    def _plug_serial(self, name: str) -> None:
        chance = generator(self.setting.plan.seed, f"serial/{name}/{self.setting.plan.incarnation}")
        folder = self.setting.serial_folder or Path("serial")
        bridge, paths = self.fleet.bridges[name], self.fleet.paths[name]
        self._serial[name] = SerialBridgeCarrier(bridge, paths, self.fleet.scheduler, chance, folder / name)
        self._serial[name].open()

    async def stop(self) -> None:
        """Nothing moves any more; the folder is up to date; raises what killed a carrier, if something did."""
        self.fleet.scheduler.stop()
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        for carrier in self._serial.values():
            carrier.close()
        if self._state is not None:
            self._state.save_all()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def failed(self) -> BaseException | None:
        """What ended a carrier that should live for ever."""
        return next((task.exception() for task in self._tasks if task.done() and not task.cancelled()), None)

    def dump(self, folder: Path | None = None) -> int:
        """Pictures written; 0 when there is nowhere to write to."""
        folder = folder or self.setting.dump
        return dump(self.fleet, folder) if folder is not None else 0

    def unplug(self, name: str) -> None:
        """Power and cable of a bridge are out. Raises `KeyError` for no such bridge."""
        self.fleet.bridges[name].power_off()
        if name in self._mqtt:
            self._mqtt[name].unplug()
        else:
            self._serial[name].close()

    def replug(self, name: str) -> None:
        self.fleet.bridges[name].power_on()
        if name in self._mqtt:
            self._mqtt[name].replug()
        else:
            self._serial[name].open()

    def status(self) -> dict[str, object]:
        """One line about the whole shop."""
        fleet = self.fleet
        own = [fleet.tags[box.tag_id] for box in fleet.box_list()]
        shown = sum(tag.shows_its_order(index) for tag in own for index in range(len(tag.panels)))
        bad = Counter({"payloads": sum(bridge.bad_payloads for bridge in fleet.bridges.values())})
        bad["frames"] = sum(carrier.bad_frames for carrier in self._serial.values())
        return {
            "tags": len(own),
            "alive": sum(tag.alive for tag in own),
            "commissioned": sum(tag.machine.commissioned for tag in own),
            "displays": sum(len(tag.panels) for tag in own),
            "shown": shown,
            "refreshes": sum(tag.refreshes for tag in own),
            "bridges": len(fleet.bridges),
            "bridgesUp": sum(bridge.listening for bridge in fleet.bridges.values()),
            "link": fleet.link_counts(),
            "faults": {str(kind): count for kind, count in fleet.counts.items()},
            "bad": dict(bad),
        }


def _asks(place: GatewayPlace, known: BrokerEnd) -> Callable[[], BrokerEnd]:
    return lambda: place.broker(known)
