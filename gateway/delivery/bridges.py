"""The bridges of a shop: registered by a person or a fleet, then known by the id "<store>/<name>".

Rule: octets from a bridge that is not registered are not looked at.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from firmware_protocol.openepaperlink.frames import CHANNELS
from gateway.delivery.tables import association, bridge
from gateway.ports import to_ms

_NAME = re.compile(r"[a-z0-9-]{1,32}")
ESL_IDS_A_GROUP = 255  # 0xFF is the broadcast address (ESL service, ESL Address)
GROUPS_A_BRIDGE = 128


MODULE = "openepaperlink"  # the carrier of a radio module: no bridge of ours, its tags know no revision
CARRIERS = ("mqtt", "serial", MODULE)


class Bridge(Struct, frozen=True):
    """`path`: the device of a serial bridge, or of a radio module, which also has a `channel`."""

    bridge_id: str
    store_id: str
    carrier: str
    path: str | None
    channel: int | None = None


class BridgesChanged(Struct, frozen=True):
    """A bridge was registered: delivery takes it up, carriers let it in."""

    store_id: str
    bridge_id: str


class BridgeRefused(ValueError):
    """A name that no topic can carry, or a name that is taken by another carrier."""


class BridgeFull(RuntimeError):
    """All 32,640 addresses of the bridge are lent: add another bridge."""


def register_bridge(
    connection: Connection,
    store_id: str,
    name: str,
    carrier: str,
    path: str | None,
    now: datetime,
    *,
    channel: int | None = None,
) -> Bridge:
    """Add a bridge, or find it again by its name. Raises BridgeRefused."""
    if not _NAME.fullmatch(name):
        raise BridgeRefused(f"name: {name!r} is not 1 to 32 of a-z, 0-9 and '-'")
    if carrier not in CARRIERS:
        raise BridgeRefused(f"carrier: {carrier!r} is none of {', '.join(CARRIERS)}")
    if channel is not None and channel not in CHANNELS:
        raise BridgeRefused(f"channel: {channel} is none of {', '.join(map(str, CHANNELS))}")
    bridge_id = f"{store_id}/{name}"
    known = connection.execute(select(bridge).where(bridge.c.bridge_id == bridge_id)).first()
    if known is not None:
        connection.execute(
            update(bridge)
            .where(bridge.c.bridge_id == bridge_id)
            .values(carrier=carrier, path=path, channel=channel, removed_at=None)
        )
    else:
        connection.execute(
            insert(bridge).values(
                bridge_id=bridge_id,
                store_id=store_id,
                carrier=carrier,
                path=path,
                channel=channel,
                registered_at=to_ms(now),
            )
        )
    return Bridge(bridge_id, store_id, carrier, path, channel)


_BRIDGES = select(bridge).where(bridge.c.removed_at.is_(None)).order_by(bridge.c.bridge_id)


def list_bridges(connection: Connection, store_id: str | None = None) -> list[Bridge]:
    """The bridges of the store, or of all stores, by id."""
    query = _BRIDGES if store_id is None else _BRIDGES.where(bridge.c.store_id == store_id)
    return [
        Bridge(row.bridge_id, row.store_id, row.carrier, row.path, row.channel) for row in connection.execute(query)
    ]


def note_hello(connection: Connection, bridge_id: str, boot_id: bytes, run_id: bytes, profile: int) -> bool:
    """Remember what the bridge said of itself, and which run of ours it was told. True: it was told one before."""
    before = connection.scalar(select(bridge.c.last_run_id).where(bridge.c.bridge_id == bridge_id))
    connection.execute(
        update(bridge)
        .where(bridge.c.bridge_id == bridge_id)
        .values(boot_id=boot_id, last_run_id=run_id, profile=profile)
    )
    return before is not None


def associate(connection: Connection, tag_ids: Sequence[str], bridge_id: str) -> dict[str, tuple[int, int]]:
    """Lend each tag an EslAddress of the bridge: group and id by tag id. Raises BridgeFull."""
    taken = {
        (row.group_no, row.esl_id)
        for row in connection.execute(select(association).where(association.c.bridge_id == bridge_id))
    }
    addresses: dict[str, tuple[int, int]] = {}
    free = (
        (group, esl_id)
        for esl_id in range(ESL_IDS_A_GROUP)
        for group in range(GROUPS_A_BRIDGE)
        if (group, esl_id) not in taken
    )
    for tag_id in tag_ids:
        address = next(free, None)
        if address is None:
            raise BridgeFull(f"bridge {bridge_id} serves {len(taken)} tags already: add another bridge")
        addresses[tag_id] = address
    statement = upsert(association)
    statement = statement.on_conflict_do_update(
        index_elements=["tag_id"],
        set_={name: statement.excluded[name] for name in ("bridge_id", "group_no", "esl_id")},
    )
    if addresses:
        connection.execute(
            statement,
            [
                {"tag_id": tag_id, "bridge_id": bridge_id, "group_no": group, "esl_id": esl_id}
                for tag_id, (group, esl_id) in addresses.items()
            ],
        )
    return addresses
