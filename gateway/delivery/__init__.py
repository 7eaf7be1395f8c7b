"""Brings *shown* to *desired*: every conversation with a tag."""

from gateway.delivery.both import BothDeliveries
from gateway.delivery.bridge_session import BridgeSession, BridgeStanding
from gateway.delivery.bridges import MODULE, Bridge, BridgeRefused, BridgesChanged, list_bridges, register_bridge
from gateway.delivery.modules import ModuleDelivery, ModuleStanding
from gateway.delivery.restore import jump
from gateway.delivery.service import Delivery
from gateway.delivery.tags import TagLink

__all__ = [
    "MODULE",
    "BothDeliveries",
    "Bridge",
    "BridgeRefused",
    "BridgeSession",
    "BridgeStanding",
    "BridgesChanged",
    "Delivery",
    "ModuleDelivery",
    "ModuleStanding",
    "TagLink",
    "jump",
    "list_bridges",
    "register_bridge",
]
