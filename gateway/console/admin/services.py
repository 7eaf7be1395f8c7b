"""What the admin API needs from the rest of the gateway, handed in by whoever composes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from litestar.di import NamedDependency
from litestar.types import Scope

from gateway.batch import Sessions
from gateway.database import Database
from gateway.delivery import BridgeStanding, ModuleStanding
from gateway.ports import Clock, EventStream, Secrets
from gateway.shelf import FactoryCodeVault


@dataclass(frozen=True, slots=True)
class MqttAccess:
    """What a person enters into a bridge so that the broker lets it in."""

    url: str
    username: str
    password: str = field(repr=False)


class BridgeDoors(Protocol):
    """The way in for bridges: credentials of the broker, ports of this machine."""

    async def refresh(self) -> None:
        """Let in exactly the bridges that are registered now; comes back when that is so."""

    def mqtt_url(self) -> str | None:
        """Where the broker is, or None where there is none (the virtual world)."""

    def line_baud(self, bridge_id: str) -> int | None:
        """The speed of a serial bridge's line now; None where there is none."""

    async def mqtt_access(self, bridge_id: str) -> MqttAccess | None:
        """How the bridge enters, or None where bridges need no way in (the virtual world)."""


class NoDoors:
    """Bridges are there already: nothing to open."""

    async def refresh(self) -> None:
        return

    def mqtt_url(self) -> str | None:
        return None

    def line_baud(self, bridge_id: str) -> int | None:
        return None

    async def mqtt_access(self, bridge_id: str) -> MqttAccess | None:
        return None


class Reasons(Protocol):
    async def reasons(self, display_ids: Sequence[str]) -> Mapping[str, str]:
        """Why each display is not confirmed, in the contract's closed set."""


def nobody_listens() -> None:
    return


def no_modules() -> Mapping[str, ModuleStanding]:
    return {}


def no_bridges() -> Mapping[str, BridgeStanding]:
    return {}


def no_request_id(_: Scope) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class AdminServices:
    """`request_id_of`: the id that the answer's X-Request-Id header will have. `bridges_changed`: tells delivery.
    `bridges`, `modules`: how it stands with each bridge, with each radio module.
    """

    database: Database
    clock: Clock
    secrets: Secrets
    events: EventStream
    sessions: Sessions
    reasons: Reasons
    vault: FactoryCodeVault
    admin_token: str = field(repr=False)
    doors: BridgeDoors = field(default_factory=NoDoors)
    bridges_changed: Callable[[], None] = nobody_listens
    bridges: Callable[[], Mapping[str, BridgeStanding]] = no_bridges
    modules: Callable[[], Mapping[str, ModuleStanding]] = no_modules
    request_id_of: Callable[[Scope], str] = no_request_id


Services = NamedDependency[AdminServices]
"""How a handler asks for them."""
