"""The configuration of the embedded nats-server: who may enter, and which topics each may use.

In: where to listen, logins. Out: the text of its configuration file.
Rule: a bridge may publish its own `up` and `presence` and hear its own `down`, nothing else; who feeds a store may
publish its `sync` and hear `sync/result`. An MQTT topic `a/b` is the subject `a.b` there; to hear, both `x` and `x.>`
are allowed, because a filter `x/#` includes its parent.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from gateway.access import SyncCredential
from gateway.app.limits import BROKER_PAYLOAD_OCTETS, BROKER_STORE_OCTETS
from gateway.intake import sync_topics
from gateway.links import split_bridge_id

GATEWAY_LOGIN = "gateway"


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """`publish`, `subscribe`: topics; None = everything."""

    username: str
    password: str = field(repr=False)
    publish: tuple[str, ...] | None = None
    subscribe: tuple[str, ...] | None = None


class Listener(Struct, frozen=True):
    """Where MQTT is spoken; `port` -1 = any free one. Both files or none: TLS."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None


def bridge_login(bridge_id: str, password: str) -> BrokerLogin:
    store_id, name = split_bridge_id(bridge_id)
    own = f"esl/{store_id}/bridge/{name}"
    return BrokerLogin(bridge_id, password, publish=(f"{own}/up", f"{own}/presence"), subscribe=(f"{own}/down",))


def sync_login(credential: SyncCredential) -> BrokerLogin:
    chunks, results = sync_topics(credential.store_id)
    return BrokerLogin(credential.username, credential.password, publish=(chunks,), subscribe=(results,))


def broker_config(listener: Listener, logins: list[BrokerLogin], store_dir: Path) -> str:
    """JSON is a subset of what nats-server reads, and quotes whatever stands in a path or a password."""
    mqtt: dict[str, object] = {"listen": f"{_host(listener.host)}:{listener.port}"}
    if listener.certificate and listener.key:
        mqtt["tls"] = {"cert_file": str(listener.certificate), "key_file": str(listener.key), "timeout": 5}
    return json.dumps(
        {
            "server_name": "esl-gateway",  # MQTT needs a name and JetStream
            "listen": "127.0.0.1:-1",  # the NATS protocol itself: nobody needs it, nobody is told the port
            "max_payload": BROKER_PAYLOAD_OCTETS,
            "jetstream": {
                "store_dir": str(store_dir),
                "max_file_store": BROKER_STORE_OCTETS,
                "max_memory_store": BROKER_STORE_OCTETS,
            },
            "mqtt": mqtt,
            "authorization": {"timeout": 5, "users": [_user(login) for login in logins]},
        },
        indent=1,
    )


def _user(login: BrokerLogin) -> dict[str, object]:
    user: dict[str, object] = {"user": login.username, "password": login.password}
    if login.publish is not None or login.subscribe is not None:
        user["permissions"] = {
            "publish": {"allow": [_subject(topic) for topic in login.publish or ()]},
            "subscribe": {"allow": [one for topic in login.subscribe or () for one in _subject_and_below(topic)]},
        }
    return user


def _subject(topic: str) -> str:
    return topic.replace("/", ".")


def _subject_and_below(topic: str) -> tuple[str, str]:
    return _subject(topic), _subject(topic) + ".>"


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
