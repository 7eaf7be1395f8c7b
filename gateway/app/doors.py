"""Opens the ways in: credentials of our own broker for bridges and for who feeds a store, ports of this machine.

In: what the tables say of them. Out: exactly those let in. Rule: level-triggered; `refresh` compares, whoever asks.
"""

import asyncio

from sqlalchemy import Connection

from gateway.access import bridge_credentials, sync_credentials
from gateway.app.broker import EmbeddedBroker
from gateway.app.broker_config import BrokerLogin, bridge_login, sync_login
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
        self._admitted: list[BrokerLogin] | None = None

    async def refresh(self) -> None:
        async with self._one_at_a_time:
            wanted = await self._database.read(logins)
            bridges = await self._database.read(list_bridges)
            if self._broker is not None and wanted != self._admitted:
                await self._broker.admit(wanted)
                self._admitted = wanted
            for bridge in bridges:
                if bridge.carrier == "serial" and bridge.path:
                    await self._serial.open_port(bridge.bridge_id, bridge.path)
                else:
                    await self._serial.close_port(bridge.bridge_id)

    def mqtt_url(self) -> str | None:
        address = self._broker.address if self._broker is not None else self._external
        return address.url if address is not None else None

    def line_baud(self, bridge_id: str) -> int | None:
        return self._serial.baud(bridge_id)

    async def mqtt_access(self, bridge_id: str) -> MqttAccess | None:
        url = self.mqtt_url()
        for one in await self._database.read(bridge_credentials):
            if one.bridge_id == bridge_id and url is not None:
                return MqttAccess(url, bridge_id, one.password)
        return None


def logins(connection: Connection) -> list[BrokerLogin]:
    """Everybody whom our own broker lets in, besides the gateway itself."""
    bridges = [bridge_login(one.bridge_id, one.password) for one in bridge_credentials(connection)]
    return bridges + [sync_login(one) for one in sync_credentials(connection)]
