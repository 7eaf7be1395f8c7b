"""Brings *shown* to *desired*: every conversation with a tag."""

from gateway.delivery.bridge_session import BridgeSession
from gateway.delivery.bridges import Bridge, BridgeRefused, BridgesChanged, list_bridges, register_bridge
from gateway.delivery.restore import jump
from gateway.delivery.service import Delivery
from gateway.delivery.tags import TagLink

__all__ = [
    "Bridge",
    "BridgeRefused",
    "BridgeSession",
    "BridgesChanged",
    "Delivery",
    "TagLink",
    "jump",
    "list_bridges",
    "register_bridge",
]
