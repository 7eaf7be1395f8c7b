"""The typed stream of events: published after a commit, and only a nudge.

In: any frozen dataclass, published by the folder that wrote the fact. Out: subscriptions by type.
Rule: an event may be lost; whoever needs the truth compares tables. A slow reader
loses its oldest events and is told so.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

E = TypeVar("E")
QUEUE_EVENTS_MAX = 10_000  # a wall that sleeps through more than this reloads its page instead


class Subscription(Generic[E]):
    """An asynchronous iterator over the events of the types it was made for, until `close()`."""

    def __init__(self, stream: "EventStream", types: tuple[type[E], ...]) -> None:
        self._stream = stream
        self._types = types
        self._waiting: deque[E] = deque(maxlen=QUEUE_EVENTS_MAX)
        self._arrived = asyncio.Event()
        self._closed = False
        self.lost = 0

    def offer(self, event: object) -> None:
        if not isinstance(event, self._types):
            return
        if len(self._waiting) == QUEUE_EVENTS_MAX:
            self.lost += 1
        self._waiting.append(event)
        self._arrived.set()

    def close(self) -> None:
        self._closed = True
        self._stream.forget(self)
        self._arrived.set()

    def __aiter__(self) -> "Subscription[E]":
        return self

    async def __anext__(self) -> E:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    def drain(self) -> list[E]:
        """Whatever waits now, without waiting for more."""
        events = list(self._waiting)
        self._waiting.clear()
        return events


class EventStream:
    """Publishes in the caller's turn; subscribers and watchers are served in the order in which they came."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription[object]] = []
        self._watchers: list[tuple[type[object], Callable[[object], None]]] = []

    def publish(self, event: object) -> None:
        for type_, callback in tuple(self._watchers):
            if isinstance(event, type_):
                callback(event)
        for subscription in tuple(self._subscriptions):
            subscription.offer(event)

    def subscribe(self, *types: type[E]) -> Subscription[E]:
        subscription: Subscription[E] = Subscription(self, types)
        self._subscriptions.append(subscription)  # type: ignore[arg-type]  # read only as the type it was made for
        return subscription

    def watch(self, type_: type[E], callback: Callable[[E], None]) -> None:
        """Call `callback` in the publisher's own turn; it must be quick and must not raise."""
        self._watchers.append((type_, callback))  # type: ignore[arg-type]  # called only with its own type

    def forget(self, subscription: object) -> None:
        self._subscriptions = [kept for kept in self._subscriptions if kept is not subscription]
