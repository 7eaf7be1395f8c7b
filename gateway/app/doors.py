"""Opens the ways in for registered bridges: credentials of our own broker, ports of this machine.

In: what the tables say of bridges. Out: exactly those let in. Rule: level-triggered; `refresh` compares, whoever asks.
"""

import asyncio

from gateway.access import bridge_credentials
from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import bridge_login
from gateway.console.admin import MqttAccess
from gateway.database import Database
from gateway.delivery import list_bridges
from gateway.links import BrokerAddress, SerialCarrier


class Doors:
    """With our own broker it writes its logins; with somebody else's it says what to enter there."""

    def __init__(
        self,
        database: Database,
        serial: SerialCarrier,
        broker: EmbeddedBroker | None = None,
        external: BrokerAddress | None = None,
    ) -> None:
        self._database = database
        self._serial = serial
        self._broker = broker
        self._external = external
        self._one_at_a_time = asyncio.Lock()
        self._admitted: frozenset[tuple[str, str]] | None = None

    async def refresh(self) -> None:
        async with self._one_at_a_time:
            credentials = await self._database.read(bridge_credentials)
            bridges = await self._database.read(list_bridges)
            wanted = frozenset((one.bridge_id, one.password) for one in credentials)
            if self._broker is not None and wanted != self._admitted:
                await self._broker.admit([bridge_login(one.bridge_id, one.password) for one in credentials])
                self._admitted = wanted
            for bridge in bridges:
                if bridge.carrier == "serial" and bridge.path:
                    await self._serial.open_port(bridge.bridge_id, bridge.path)
                else:
                    await self._serial.close_port(bridge.bridge_id)

    async def mqtt_access(self, bridge_id: str) -> MqttAccess | None:
        address = self._broker.address if self._broker is not None else self._external
        for one in await self._database.read(bridge_credentials):
            if one.bridge_id == bridge_id and address is not None:
                return MqttAccess(address.url, bridge_id, one.password)
        return None
