"""Clock, Random, Secrets, Executor and the event stream: what the outside hands in."""

from gateway.ports.chance import Random, Secrets, SystemSecrets
from gateway.ports.clock import Clock, SystemClock, from_ms, to_ms
from gateway.ports.events import EventStream, Subscription
from gateway.ports.executor import Executor, InlineExecutor, WorkerDied
from gateway.ports.waiting import event_or_pause

__all__ = [
    "Clock",
    "EventStream",
    "Executor",
    "InlineExecutor",
    "Random",
    "Secrets",
    "Subscription",
    "SystemClock",
    "SystemSecrets",
    "WorkerDied",
    "event_or_pause",
    "from_ms",
    "to_ms",
]
