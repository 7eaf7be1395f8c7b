"""The event stream: right from its first message, bounded for a slow reader, over when the gateway stops."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gateway.console.pages.stream import WallSource, wall_events
from gateway.ports import SystemClock
from gateway.shelf import DesiredMoved, Fact, ShownMoved

Messages = list[tuple[str, Any]]


def parsed(chunk: bytes) -> tuple[str, Any]:
    lines = chunk.decode().splitlines()
    return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))


def source_of(shop: Any, stopping: asyncio.Event) -> WallSource:
    services = shop.gateway.services
    database = shop.gateway.database
    return WallSource(database, services.sessions, services.events, SystemClock(), stopping, "release")


async def opened(stream: AsyncIterator[bytes]) -> Messages:
    """What every connection begins with."""
    assert (await anext(stream)).startswith(b"retry: ")
    return [parsed(await anext(stream)), parsed(await anext(stream))]


def test_a_connection_begins_with_everything_as_it_stands(shop: Any) -> None:
    displays = shop.hang_silent(3, "2.13-bw")
    shop.stock(displays[:2])
    shop.wait_for(lambda found: sum(one.desired_revision or 0 for one in found) == 2)
    shop.prove(displays[:1])

    async def read() -> Messages:
        stream = wall_events(source_of(shop, asyncio.Event()), shop.store)
        return await opened(stream)

    (wall, batch) = shop.call(read())
    assert wall[0] == "wall"
    assert wall[1]["release"] == "release"
    assert [(cell[0], cell[2], cell[4], cell[5]) for cell in wall[1]["cells"]] == [
        (displays[0], "proved", ["SKU-00000"], "Mineralwasser 1,5 l 0"),
        (displays[1], "unknown", ["SKU-00001"], "Šunka kuhana 1"),
        (displays[2], "idle", [], None),
    ]
    assert batch == ("batch", None)


def test_a_label_on_its_way_keeps_the_picture_that_was_proved(shop: Any) -> None:
    displays = shop.hang_silent(1, "2.13-bw")
    shop.stock(displays)
    shop.wait_for(lambda found: found[0].desired_revision == 1)
    shop.prove(displays)
    proved = shop.standings()[0].shown_content_id.hex()

    async def read() -> tuple[str, Any]:
        stream = wall_events(source_of(shop, asyncio.Event()), shop.store)
        await opened(stream)
        await asyncio.to_thread(shop.reprice, 0)
        return parsed(await anext(stream))

    name, (cell,) = shop.call(read())
    assert name == "cells"
    assert cell[2:4] == ["waiting", proved]


def test_a_reader_that_sleeps_gets_one_new_wall_and_no_backlog(shop: Any) -> None:
    displays = shop.hang_silent(2, "2.13-bw")

    async def read() -> Messages:
        events = shop.gateway.services.events
        stream = wall_events(source_of(shop, asyncio.Event()), shop.store)
        await opened(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)  # the stream waits for its first nudge
        for revision in range(50_000):
            events.publish(ShownMoved(shop.store, displays[revision % 2], revision, Fact.PROVED))
        first = parsed(await waiting)
        batch = parsed(await anext(stream))
        following = asyncio.ensure_future(anext(stream))
        events.publish(DesiredMoved(shop.store, (displays[0],)))
        return [first, batch, parsed(await following)]

    names = [name for name, _ in shop.call(read())]
    assert names == ["wall", "batch", "cells"]


def test_one_glass_hears_only_of_its_own_display(shop: Any) -> None:
    displays = shop.hang_silent(2, "2.13-bw")

    async def read() -> Messages:
        stream = wall_events(source_of(shop, asyncio.Event()), shop.store, displays[1])
        await anext(stream)
        whole = parsed(await anext(stream))
        following = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        shop.gateway.services.events.publish(DesiredMoved(shop.store, tuple(displays)))
        return [whole, parsed(await following)]

    whole, moved = shop.call(read())
    assert [cell[0] for cell in whole[1]["cells"]] == [displays[1]]
    assert (moved[0], [cell[0] for cell in moved[1]]) == ("cells", [displays[1]])


def test_a_removed_display_leaves_the_wall(shop: Any) -> None:
    displays = shop.hang_silent(2, "2.13-bw")

    async def read() -> tuple[str, Any]:
        stream = wall_events(source_of(shop, asyncio.Event()), shop.store)
        await opened(stream)
        tag_id = displays[0].partition(".")[0]
        await asyncio.to_thread(shop.admin.delete, f"/admin/tags/{tag_id}")
        return parsed(await anext(stream))

    name, cells = shop.call(read())
    assert (name, [cell[:3] for cell in cells]) == ("cells", [[displays[0], "2.13-bw", "removed"]])


def test_the_streams_end_by_themselves_when_the_gateway_stops(shop: Any) -> None:
    with httpx.stream("GET", f"{shop.url}/console/events?store={shop.store}", timeout=20) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("retry: ")

        async def stop() -> None:
            shop.gateway.stopping.set()

        shop.call(stop())
        assert [line for line in lines if line.startswith("event: ")] == ["event: wall", "event: batch"]


def test_a_reader_that_left_leaves_nothing_behind(shop: Any) -> None:
    def subscriptions() -> list[object]:
        return list(shop.gateway.services.events._subscriptions)

    before = len(subscriptions())
    for _ in range(5):
        with httpx.stream("GET", f"{shop.url}/console/events?store={shop.store}", timeout=20) as answer:
            assert next(answer.iter_lines()).startswith("retry: ")

    ends_s = time.monotonic() + 20
    while len(subscriptions()) > before:
        assert time.monotonic() < ends_s, "streams of readers that left are still there"
        httpx.get(f"{shop.url}/console/static/icon.svg")


def test_the_batch_in_progress_is_told_until_its_end(shop: Any) -> None:
    (display,) = shop.hang(1, "2.13-bw")
    shop.stock([display])
    shop.wait_for(lambda found: found[0].confirmed)

    async def read() -> list[Any]:
        stream = wall_events(source_of(shop, asyncio.Event()), shop.store)
        await opened(stream)

        def send() -> str:
            session = shop.pos.post("/batch/start", json={}).json()["sessionId"]
            rows = [{"barcode": "SKU-00000", "price": "0.79"}]
            shop.pos.post("/batch/push", json={"sessionId": session, "products": rows}).raise_for_status()
            shop.pos.post("/batch/complete", json={"sessionId": session}).raise_for_status()
            return str(session)

        session = await asyncio.to_thread(send)
        told = []
        async for chunk in stream:
            name, line = parsed(chunk)
            if name == "batch":
                assert line["id"] == session
                told.append(line)
                if line["state"] == "completed":
                    return told
        raise AssertionError("the stream ended before the batch")

    told = shop.call(read())
    progress = [line["progress"] for line in told]
    assert progress == sorted(progress)
    assert (told[-1]["progress"], told[-1]["confirmed"], told[-1]["total"]) == (100, 1, 1)
