"""The live half of the wall: what changed, a few times a second, as server-sent events.

In: `ShownMoved`, `DesiredMoved`, `BindingsChanged`, `BatchMoved` of one store. Out: `cells` and `batch` messages.
Rule: an event only says where to look; what is sent is read from the tables, so a lost event is mended by the next
and a slow reader gets fewer, newer messages. The stream ends itself when the gateway stops.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from gateway.batch import BatchMoved, Sessions, SessionUnknown
from gateway.console.admin.document import document
from gateway.console.pages.limits import BEAT_S, GATHER_S
from gateway.console.pages.wall import cells
from gateway.database import Database
from gateway.ports import Clock, EventStream
from gateway.shelf import BindingsChanged, DesiredMoved, ShownMoved

Moved = ShownMoved | DesiredMoved | BindingsChanged | BatchMoved
_MOVED: tuple[type[Moved], ...] = (ShownMoved, DesiredMoved, BindingsChanged, BatchMoved)


async def wall_events(
    store_id: str, database: Database, sessions: Sessions, events: EventStream, clock: Clock, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """Server-sent events for one wall, until the gateway stops or the reader goes."""
    subscription = events.subscribe(*_MOVED)
    stop = asyncio.ensure_future(stopping.wait())
    try:
        yield b"retry: 1000\n\n"
        while not stopping.is_set():
            first = asyncio.ensure_future(anext(subscription))
            beat = asyncio.ensure_future(clock.sleep(BEAT_S))
            try:
                await asyncio.wait((first, beat, stop), return_when=asyncio.FIRST_COMPLETED)
                if not first.done():
                    yield b": still here\n\n"
                    continue
                gathered = [first.result()]
            finally:
                first.cancel()
                beat.cancel()
            await clock.sleep(GATHER_S)
            gathered += subscription.drain()
            for message in await _messages(store_id, gathered, database, sessions):
                yield message
    finally:
        stop.cancel()
        subscription.close()


async def _messages(store_id: str, gathered: list[Moved], database: Database, sessions: Sessions) -> list[bytes]:
    displays: dict[str, None] = {}
    batches: dict[str, None] = {}
    for event in gathered:
        if event.store_id != store_id:
            continue
        match event:
            case ShownMoved(display_id=display_id):
                displays[display_id] = None
            case DesiredMoved(display_ids=ids) | BindingsChanged(display_ids=ids):
                displays.update(dict.fromkeys(ids))
            case BatchMoved(session_id=session_id):
                batches[session_id] = None
    messages: list[bytes] = []
    if displays:
        found = await database.read(lambda connection: cells(connection, store_id, sorted(displays)))
        messages.append(_message("cells", msgspec.json.encode(found)))
    for session_id in batches:
        try:
            status = await sessions.status(store_id, session_id)
        except SessionUnknown:
            continue
        messages.append(_message("batch", msgspec.json.encode(document(status))))
    return messages


def _message(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
