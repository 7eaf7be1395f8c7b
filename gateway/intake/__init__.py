"""Display-sync chunks that come over MQTT from a POS backend that lives elsewhere."""
