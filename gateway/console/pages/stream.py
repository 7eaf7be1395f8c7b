"""The live half of the pages, as server-sent events: first everything as it stands, then what changes.

In: `ShownMoved`, `DesiredMoved`, `BindingsChanged`, `BatchMoved` of one store. Out: `wall`, `cells`, `batch`, `beat`.
Rule: an event only says where to look; what is sent is read from the tables. Each connection begins with the whole
wall, and so does one that lost events: a page is right again by connecting. A slow reader gets fewer, newer messages;
nothing is kept for it but a bounded queue of nudges. The stream ends itself when the gateway stops.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from gateway.batch import BatchMoved, Sessions
from gateway.console.pages.batches import current_batch
from gateway.console.pages.limits import BEAT_S, GATHER_S, RETRY_MS
from gateway.console.pages.wall import cells_of, panel_sizes
from gateway.database import Database, DatabaseFailure
from gateway.ports import Clock, EventStream, Subscription
from gateway.shelf import BindingsChanged, DesiredMoved, ShownMoved

Moved = ShownMoved | DesiredMoved | BindingsChanged | BatchMoved
_MOVED: tuple[type[Moved], ...] = (ShownMoved, DesiredMoved, BindingsChanged, BatchMoved)


class WallSource(Struct, frozen=True):
    """What a wall is read from. `release`: of the page's own files; a page of another one reloads itself."""

    database: Database
    sessions: Sessions
    events: EventStream
    clock: Clock
    stopping: asyncio.Event
    release: str


@dataclass(slots=True)
class Moves:
    """What to read again. `everything`: nudges were lost, so all of it."""

    displays: dict[str, None] = field(default_factory=dict)
    batch: bool = False
    everything: bool = False


async def wall_events(source: WallSource, store_id: str, display_id: str | None = None) -> AsyncIterator[bytes]:
    """For the wall of a store, or for one display of it, until the gateway stops or the reader goes."""
    subscription = source.events.subscribe(*_MOVED)
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        moves = Moves(everything=True)
        while not source.stopping.is_set():
            for message in await _messages(source, store_id, display_id, moves):
                yield message
            moves = await _next_moves(source, subscription, store_id, display_id)
    except DatabaseFailure:
        return  # the gateway is going down; the page comes back by itself
    finally:
        subscription.close()


async def _next_moves(
    source: WallSource, subscription: Subscription[Moved], store_id: str, display_id: str | None
) -> Moves:
    """Waits for a nudge, a beat's time, or the end; gathers what comes shortly after the first."""
    lost = subscription.lost
    nudge = asyncio.ensure_future(anext(subscription))
    stop = asyncio.ensure_future(source.stopping.wait())
    beat = asyncio.ensure_future(source.clock.sleep(BEAT_S))
    try:
        await asyncio.wait((nudge, stop, beat), return_when=asyncio.FIRST_COMPLETED)
        if source.stopping.is_set() or not nudge.done():
            return Moves()
        gathered = [nudge.result()]
    finally:
        nudge.cancel()
        stop.cancel()
        beat.cancel()
    await source.clock.sleep(GATHER_S)
    gathered += subscription.drain()
    if subscription.lost > lost:
        return Moves(everything=True)
    return _fold(gathered, store_id, display_id)


def _fold(gathered: list[Moved], store_id: str, display_id: str | None) -> Moves:
    moves = Moves()
    for event in gathered:
        if event.store_id != store_id:
            continue
        match event:
            case ShownMoved(display_id=one):
                moves.displays[one] = None
            case DesiredMoved(display_ids=ids) | BindingsChanged(display_ids=ids):
                moves.displays.update(dict.fromkeys(ids))
            case BatchMoved():
                moves.batch = True
    if display_id is not None:
        moves.displays = {one: None for one in moves.displays if one == display_id}
        moves.batch = False
    return moves


async def _messages(source: WallSource, store_id: str, display_id: str | None, moves: Moves) -> list[bytes]:
    messages: list[bytes] = []
    only = [display_id] if display_id is not None else None
    if moves.everything:
        cells = await source.database.read(lambda connection: cells_of(connection, store_id, only))
        messages.append(_message("wall", {"release": source.release, "panels": panel_sizes(), "cells": cells}))
    elif moves.displays:
        ids = sorted(moves.displays)
        cells = await source.database.read(lambda connection: cells_of(connection, store_id, ids))
        messages.append(_message("cells", cells))
    if display_id is None and (moves.batch or moves.everything):
        messages.append(_message("batch", await current_batch(source.sessions, store_id)))
    return messages or [_message("beat", None)]


def _message(name: str, data: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
