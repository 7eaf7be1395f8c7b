"""Brings *shown* to *desired*: every conversation with a tag."""

from gateway.delivery.both import BothDeliveries
from gateway.delivery.bridge_session import BridgeSession, BridgeStanding
from gateway.delivery.bridges import MODULE, Bridge, BridgeRefused, BridgesChanged, list_bridges, register_bridge
from gateway.delivery.modules import ModuleDelivery, ModuleStanding
from gateway.delivery.rejections import FIGURES, Rejection
from gateway.delivery.renewal import renew_keys, waiting_for_keys
from gateway.delivery.restore import jump
from gateway.delivery.service import Delivery
from gateway.delivery.tags import TagLink

__all__ = [
    "FIGURES",
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
    "Rejection",
    "TagLink",
    "jump",
    "list_bridges",
    "register_bridge",
    "renew_keys",
    "waiting_for_keys",
]
