"""Carriers of octets to and from bridges: MQTT and serial."""
