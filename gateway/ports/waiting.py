"""Waiting for one of two things."""

import asyncio

from gateway.ports.clock import Clock


async def event_or_pause(event: asyncio.Event, clock: Clock, pause_s: float | None) -> None:
    """Until the event is set, or so many seconds have passed; None: until it is set."""
    waits: list[asyncio.Future[object]] = [asyncio.ensure_future(event.wait())]
    if pause_s is not None:
        waits.append(asyncio.ensure_future(clock.sleep(pause_s)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
