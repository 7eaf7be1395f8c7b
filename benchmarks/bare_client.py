"""The floor's receiver, a process of its own: checks the hash of each picture, keeps one state a display, answers.

In: payloads of records: display u16, octets u16, the picture's SHA-256 (16 octets of it), the picture. Out: one payload
for each payload, 15 octets a display. Rule: as little as can honestly be done for it.
"""

import argparse
import hashlib
import struct
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

HEAD = struct.Struct("<HH16s")
ANSWER = struct.Struct("<H13s")


def serve(host: str, port: int, username: str, password: str, topic: str) -> None:
    """Until the connection ends."""
    states: dict[int, bytes] = {}

    def connected(client: mqtt.Client, *_: object) -> None:
        client.subscribe(f"{topic}/down")

    def subscribed(*_: object) -> None:
        print("ready", flush=True)

    def arrived(client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        octets = bytes(message.payload)
        place = 0
        answers: list[bytes] = []
        while place < len(octets):
            display, size, wanted = HEAD.unpack_from(octets, place)
            place += HEAD.size
            if hashlib.sha256(octets[place : place + size]).digest()[:16] != wanted:
                raise ValueError(f"display {display}: these octets are not what was sent")
            states[display] = wanted
            answers.append(ANSWER.pack(display, wanted[:13]))
            place += size
        client.publish(f"{topic}/up", b"".join(answers))

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="floor-client")
    client.username_pw_set(username, password)
    client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, arrived
    client.connect(host, port)
    client.loop_forever(retry_first_connection=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "username", "topic"):
        parser.add_argument(name)
    asked = parser.parse_args()
    serve(asked.host, int(asked.port), asked.username, sys.stdin.readline().strip(), asked.topic)
