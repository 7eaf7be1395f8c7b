"""Carriers of octets to and from bridges: MQTT and serial. Start at `Carrier`."""

from gateway.links.address import BrokerAddress, BrokerUrlWrong
from gateway.links.all_carriers import AllCarriers
from gateway.links.carrier import (
    BridgeClosed,
    BridgeOpened,
    Carrier,
    CarrierEvent,
    PayloadArrived,
    bridge_id,
    split_bridge_id,
)
from gateway.links.module_link import ModuleLink
from gateway.links.mqtt import MqttCarrier
from gateway.links.mqtt_connection import BrokerAway, MqttConnection, Topic, probe_broker
from gateway.links.port import OpenedPort, OpenPort, Port
from gateway.links.serial import SerialCarrier

__all__ = [
    "AllCarriers",
    "BridgeClosed",
    "BridgeOpened",
    "BrokerAddress",
    "BrokerAway",
    "BrokerUrlWrong",
    "Carrier",
    "CarrierEvent",
    "ModuleLink",
    "MqttCarrier",
    "MqttConnection",
    "OpenPort",
    "OpenedPort",
    "PayloadArrived",
    "Port",
    "SerialCarrier",
    "Topic",
    "bridge_id",
    "probe_broker",
    "split_bridge_id",
]
